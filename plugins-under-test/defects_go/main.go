// One plugin, and a defect in it that its configuration names; without a
// configuration there is none.
//
// Each defect is one that plugins shipped with, in the form that it has in Go. The
// conformance checks have to find it, and to find nothing of the kind in the same
// plugin without it. `defects_rust` is the same in Rust.
package main

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// The defects, by the names that configurations give them.
const (
	nonUTF8        = "non-utf8"
	windowEdge     = "window-edge"
	pauseOnFailure = "pause-on-failure"
	contentLength  = "content-length"
	trailers       = "trailers"
	growth         = "growth"
)

var known = []string{"", nonUTF8, windowEdge, pauseOnFailure, contentLength, trailers, growth}

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct {
	types.DefaultPluginContext
	defect string
	window int64
	tokens int
	kept   [][]byte
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	name, err := proxywasm.GetPluginConfiguration()
	if err != nil && err != types.ErrorStatusNotFound {
		proxywasm.LogError("cannot read the configuration: " + err.Error())
		return types.OnPluginStartStatusFailed
	}
	for _, defect := range known {
		if defect == string(name) {
			p.defect = defect
			return types.OnPluginStartStatusOK
		}
	}
	proxywasm.LogError("no such defect")
	return types.OnPluginStartStatusFailed
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &stream{plugin: p}
}

// admitted takes one of two tokens, which come back together after a second.
func (p *plugin) admitted() bool {
	now := time.Now().UnixNano()
	passed := now - p.window
	if p.window == 0 || passed > int64(time.Second) || passed < 0 {
		p.window, p.tokens = max(now, 1), 2
	}
	if p.tokens == 0 {
		return false
	}
	p.tokens--
	return true
}

type stream struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	switch s.plugin.defect {
	case nonUTF8:
		agent, _ := proxywasm.GetHttpRequestHeader("user-agent")
		if !utf8.ValidString(agent) {
			// As a library does that takes its input for text.
			panic("user-agent is no UTF-8")
		}
	case windowEdge:
		if !s.plugin.admitted() {
			_ = proxywasm.SendHttpResponse(429, nil, []byte("too many"), -1)
			return types.ActionPause
		}
	case growth:
		s.plugin.kept = append(s.plugin.kept, bytes.Repeat([]byte{1}, 4096))
	case pauseOnFailure:
		headers := [][2]string{{":method", "GET"}, {":path", "/check"}, {":authority", "authz"}}
		_, err := proxywasm.DispatchHttpCall("authz", headers, nil, nil, 200, s.answered)
		if err == nil {
			return types.ActionPause
		}
	default:
		agent, _ := proxywasm.GetHttpRequestHeader("user-agent")
		_ = proxywasm.ReplaceHttpRequestHeader("x-agent", agent)
	}
	return types.ActionContinue
}

func (s *stream) answered(int, int, int) {
	headers, err := proxywasm.GetHttpCallResponseHeaders()
	if err != nil {
		return
	}
	for _, header := range headers {
		if header[0] == ":status" && header[1] == "200" {
			_ = proxywasm.ResumeHttpRequest()
		}
	}
}

func (s *stream) OnHttpRequestBody(size int, endOfStream bool) types.Action {
	if s.plugin.defect != trailers {
		return types.ActionContinue
	}
	if !endOfStream {
		return types.ActionPause
	}
	body, _ := proxywasm.GetHttpRequestBody(0, size)
	if bytes.Contains(body, []byte("world")) {
		_ = proxywasm.SendHttpResponse(403, nil, []byte("not this world"), -1)
		return types.ActionPause
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	_ = proxywasm.ReplaceHttpResponseHeader("x-defects", "here")
	return types.ActionContinue
}

func (s *stream) OnHttpResponseBody(_ int, endOfStream bool) types.Action {
	if s.plugin.defect == contentLength && endOfStream {
		_ = proxywasm.AppendHttpResponseBody([]byte("<!-- more -->"))
	}
	return types.ActionContinue
}
