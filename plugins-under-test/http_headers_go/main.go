// HTTP headers: logs every header of requests and responses as it arrives, then
// sets the headers that its configuration names.
//
// config.go says what the configuration looks like. Setting replaces: whatever
// fields of that name there are, one remains.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct {
	types.DefaultPluginContext
	config config
}

func (p *plugin) OnPluginStart(size int) types.OnPluginStartStatus {
	var text []byte
	if size > 0 { // the SDK reports an empty configuration as an error
		var err error
		if text, err = proxywasm.GetPluginConfiguration(); err != nil {
			proxywasm.LogErrorf("http_headers: cannot read the configuration: %v", err)
			return types.OnPluginStartStatusFailed
		}
	}
	parsed, err := parseConfig(text)
	if err != nil {
		proxywasm.LogErrorf("http_headers: bad configuration: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.config = parsed
	proxywasm.LogInfof("http_headers: configured, sets %d on requests and %d on responses",
		len(parsed.request), len(parsed.response))
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &stream{config: &p.config}
}

type stream struct {
	types.DefaultHttpContext
	config *config
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	seen, err := proxywasm.GetHttpRequestHeaders()
	logAll("request", seen, err)
	setAll("request", s.config.request, proxywasm.ReplaceHttpRequestHeader)
	return types.ActionContinue
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	seen, err := proxywasm.GetHttpResponseHeaders()
	logAll("response", seen, err)
	setAll("response", s.config.response, proxywasm.ReplaceHttpResponseHeader)
	return types.ActionContinue
}

func logAll(path string, seen [][2]string, err error) {
	if err != nil {
		proxywasm.LogErrorf("http_headers: cannot read the %s headers: %v", path, err)
	}
	for _, field := range seen {
		proxywasm.LogInfof("%s header %s: %s", path, field[0], field[1])
	}
}

func setAll(path string, fields []field, set func(name, value string) error) {
	for _, f := range fields {
		if err := set(f.name, f.value); err != nil {
			proxywasm.LogErrorf("http_headers: cannot set the %s header %s: %v", path, f.name, err)
		}
	}
}
