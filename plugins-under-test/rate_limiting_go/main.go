// Rate limiting: at most two requests per window of a little over one second.
//
// The same plugin as rate_limiting_rust, down to the text of its log. A bucket of
// two tokens belongs to the plugin context, so all streams of a VM share it. It is
// filled up again by the first request that comes more than one second after the
// last refill: exactly one second later is still too early. A request takes a
// token, or is answered 403 and held. Every response, that 403 included, is marked
// with two headers.
//
// The time is Go's own, which asks WASI for the realtime clock. The text is put
// together without fmt, which would add 350 kB to the module.
package main

import (
	"strconv"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const (
	capacity    = 2
	windowNanos = int64(time.Second)
)

// marks are added to every response, in this order.
var marks = [][2]string{
	{"who-am-i", "wasm-extension"},
	{"injected-by", "istio-api!"},
}

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &limiter{} })
}

// bucket starts empty, at the epoch: any present-day clock refills it at once.
type bucket struct {
	tokens     int
	lastRefill int64
}

// admit refills if it is time, then takes a token if there is one.
func (b *bucket) admit(now int64) bool {
	if now-b.lastRefill > windowNanos {
		b.tokens = capacity
		b.lastRefill = now
	}
	if b.tokens == 0 {
		return false
	}
	b.tokens--
	return true
}

type limiter struct {
	types.DefaultPluginContext
	bucket bucket
}

func (l *limiter) NewHttpContext(uint32) types.HttpContext {
	return &stream{bucket: &l.bucket}
}

type stream struct {
	types.DefaultHttpContext
	bucket *bucket
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	now := time.Now().UnixNano()
	admitted := s.bucket.admit(now)
	proxywasm.LogCritical("current time " + strconv.FormatInt(now, 10) +
		", last refill " + strconv.FormatInt(s.bucket.lastRefill, 10) +
		", remain token " + strconv.Itoa(s.bucket.tokens))
	if admitted {
		return types.ActionContinue
	}
	refusal := [][2]string{{"powered-by", "proxy-wasm-go-sdk!!"}}
	if err := proxywasm.SendHttpResponse(403, refusal, []byte("rate limited, wait and retry."), -1); err != nil {
		proxywasm.LogError("cannot answer 403: " + err.Error())
	}
	return types.ActionPause
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	for _, mark := range marks {
		if err := proxywasm.AddHttpResponseHeader(mark[0], mark[1]); err != nil {
			proxywasm.LogError("cannot add " + mark[0] + ": " + err.Error())
		}
	}
	return types.ActionContinue
}
