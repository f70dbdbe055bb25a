// The plugin's configuration. The SDK's own way to it, in 0.1.8, hands the host a size where an address belongs.

import { BufferTypeValues, WasmResultValues } from "@solo-io/proxy-runtime/runtime";
import { proxy_get_buffer_bytes } from "@solo-io/proxy-runtime/imports";
import { free } from "@solo-io/proxy-runtime/malloc";

// Where the host writes the address of the text, and its size.
const found = memory.data(8);

// The configuration of this many bytes, or null when the host does not give it.
export function configuration(size: u32): string | null {
  const result = proxy_get_buffer_bytes(BufferTypeValues.PluginConfiguration, 0, size, found, found + 4);
  if (result != WasmResultValues.Ok) return null;
  const address = load<usize>(found);
  const text = String.UTF8.decodeUnsafe(address, load<usize>(found + 4));
  free(address);
  return text;
}
