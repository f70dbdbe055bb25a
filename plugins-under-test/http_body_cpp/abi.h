// The part of the Proxy-Wasm ABI 0.2.1 that this plugin uses: the host's functions
// and how the plugin's own are exported. The C++ SDK is in no package registry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#define HOSTCALL(name) extern "C" __attribute__((import_module("env"), import_name(#name)))
#define CALLBACK(name) extern "C" __attribute__((export_name(#name)))

namespace host {

enum class Status : uint32_t { Ok = 0 };
enum class Level : uint32_t { Info = 2, Warn = 3, Error = 4 };
enum class Map : uint32_t { ResponseHeaders = 2 };
enum class Buffer : uint32_t { ResponseBody = 1, PluginConfiguration = 7 };
enum class Action : uint32_t { Continue = 0, Pause = 1 };

HOSTCALL(proxy_log) Status proxy_log(Level, const char *message, size_t size);
HOSTCALL(proxy_remove_header_map_value)
Status proxy_remove_header_map_value(Map, const char *name, size_t size);
HOSTCALL(proxy_get_buffer_bytes)
Status proxy_get_buffer_bytes(Buffer, size_t start, size_t length, char **data, size_t *size);
HOSTCALL(proxy_set_buffer_bytes)
Status proxy_set_buffer_bytes(Buffer, size_t start, size_t length, const char *data, size_t size);

inline void log(Level level, std::string_view message) {
  proxy_log(level, message.data(), message.size());
}

// Reads a whole buffer. The host gets the memory from our `malloc`, and leaves it
// to us; for an empty buffer it asks for none.
inline bool read(Buffer buffer, std::string &into) {
  char *data = nullptr;
  size_t size = 0;
  if (proxy_get_buffer_bytes(buffer, 0, SIZE_MAX, &data, &size) != Status::Ok) return false;
  into.assign(data ? data : "", data ? size : 0);
  std::free(data);
  return true;
}

// Puts a text in place of a whole buffer.
inline bool replace(Buffer buffer, std::string_view with) {
  return proxy_set_buffer_bytes(buffer, 0, SIZE_MAX, with.data(), with.size()) == Status::Ok;
}

} // namespace host
