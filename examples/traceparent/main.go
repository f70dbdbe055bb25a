// Puts every request into a W3C trace, and tells the client which.
//
// A request that brings a valid `traceparent` stays in its trace and gets a new parent id; any other begins a trace. The
// configuration, `always` or `never`, says whether a trace that begins here is sampled; nothing means never. The response
// gets `x-trace-id`.
package main

import (
	"crypto/rand"
	"encoding/hex"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &tracer{} })
}

type tracer struct {
	types.DefaultPluginContext
	sampled bool
}

func (t *tracer) OnPluginStart(size int) types.OnPluginStartStatus {
	text := ""
	if size > 0 {
		bytes, err := proxywasm.GetPluginConfiguration()
		if err != nil {
			proxywasm.LogError("traceparent: no configuration: " + err.Error())
			return types.OnPluginStartStatusFailed
		}
		text = string(bytes)
	}
	switch text {
	case "", "never":
	case "always":
		t.sampled = true
	default:
		proxywasm.LogError("traceparent: always or never expected, not " + text)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (t *tracer) NewHttpContext(uint32) types.HttpContext { return &stream{tracer: t} }

type stream struct {
	types.DefaultHttpContext
	tracer *tracer
	trace  string
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	header, _ := proxywasm.GetHttpRequestHeader("traceparent")
	trace, flags, valid := parse(header)
	if !valid {
		trace, flags = random(16), "00"
		if s.tracer.sampled {
			flags = "01"
		}
		// State belongs to a parent that is not ours.
		_ = proxywasm.RemoveHttpRequestHeader("tracestate")
	}
	s.trace = trace
	header = "00-" + trace + "-" + random(8) + "-" + flags
	if err := proxywasm.ReplaceHttpRequestHeader("traceparent", header); err != nil {
		proxywasm.LogError("traceparent: cannot be set: " + err.Error())
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	if s.trace != "" {
		if err := proxywasm.ReplaceHttpResponseHeader("x-trace-id", s.trace); err != nil {
			proxywasm.LogError("traceparent: cannot add x-trace-id: " + err.Error())
		}
	}
	return types.ActionContinue
}

// random gives n bytes in hexadecimal digits.
func random(n int) string {
	bytes := make([]byte, n)
	_, _ = rand.Read(bytes) // ends the program where it fails
	return hex.EncodeToString(bytes)
}
