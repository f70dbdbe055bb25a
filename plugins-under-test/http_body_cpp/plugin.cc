// HTTP body: replaces a word in response bodies.
//
// The configuration is `WORD=REPLACEMENT`; the replacement may be empty, the word
// may not. Without a configuration every response passes untouched. Otherwise a
// response that has a body loses its content-length, is held until its body is
// complete, and goes on with every occurrence replaced. How many there were is
// logged at info.

#include "abi.h"

#include <map>
#include <memory>

namespace {

struct Config {
  std::string word, replacement;
};

// By context id. A stream keeps the configuration of its plugin context alive.
std::map<uint32_t, std::shared_ptr<Config>> contexts;

bool parse(std::string_view text, Config &into) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return false;
  into.word = text.substr(0, equals);
  into.replacement = text.substr(equals + 1);
  return true;
}

size_t replace_all(std::string &body, const Config &config) {
  size_t count = 0;
  for (size_t at = 0; (at = body.find(config.word, at)) != std::string::npos; ++count) {
    body.replace(at, config.word.size(), config.replacement);
    at += config.replacement.size();
  }
  return count;
}

void rewrite_body(const Config &config) {
  std::string body;
  if (!host::read(host::Buffer::ResponseBody, body)) {
    host::log(host::Level::Error, "http_body: cannot read the body");
    return;
  }
  const auto size = body.size();
  const auto count = replace_all(body, config);
  if (count > 0 && !host::replace(host::Buffer::ResponseBody, body)) {
    host::log(host::Level::Error, "http_body: cannot replace the body");
    return;
  }
  host::log(host::Level::Info, "http_body: replaced " + std::to_string(count) + " of '" + config.word +
                                   "' in " + std::to_string(size) + " bytes");
}

} // namespace

CALLBACK(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

CALLBACK(proxy_on_context_create) void proxy_on_context_create(uint32_t id, uint32_t parent) {
  contexts[id] = parent == 0 ? std::make_shared<Config>() : contexts[parent];
}

CALLBACK(proxy_on_configure) bool proxy_on_configure(uint32_t id, size_t size) {
  if (size == 0) {
    host::log(host::Level::Info, "http_body: configured, replaces nothing");
    return true;
  }
  std::string text;
  Config &config = *contexts[id];
  if (!host::read(host::Buffer::PluginConfiguration, text) || !parse(text, config)) {
    host::log(host::Level::Error, "http_body: bad configuration, WORD=REPLACEMENT expected");
    return false;
  }
  host::log(host::Level::Info,
            "http_body: configured, replaces '" + config.word + "' by '" + config.replacement + "'");
  return true;
}

CALLBACK(proxy_on_response_headers)
host::Action proxy_on_response_headers(uint32_t id, size_t, bool end_of_stream) {
  constexpr std::string_view length = "content-length";
  if (!end_of_stream && !contexts[id]->word.empty()) {
    host::proxy_remove_header_map_value(host::Map::ResponseHeaders, length.data(), length.size());
  }
  return host::Action::Continue;
}

CALLBACK(proxy_on_response_body)
host::Action proxy_on_response_body(uint32_t id, size_t, bool end_of_stream) {
  const Config &config = *contexts[id];
  if (config.word.empty()) return host::Action::Continue;
  if (!end_of_stream) return host::Action::Pause;
  rewrite_body(config);
  return host::Action::Continue;
}

// A body that trailers follow is complete only here.
CALLBACK(proxy_on_response_trailers) host::Action proxy_on_response_trailers(uint32_t id, size_t) {
  const Config &config = *contexts[id];
  if (!config.word.empty()) rewrite_body(config);
  return host::Action::Continue;
}

CALLBACK(proxy_on_delete) void proxy_on_delete(uint32_t id) { contexts.erase(id); }
