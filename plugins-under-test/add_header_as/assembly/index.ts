// Add header: marks every response with `x-added-by`, and says so at info.
//
// The configuration is the header's value, as text; without one it is
// `assemblyscript`. The SDK picks the plugin by its root id: `add_header`, or none.

export * from "@solo-io/proxy-runtime/proxy"; // what the host calls
import {
  BufferTypeValues,
  Context,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  WasmResultValues,
  log,
  registerRootContext,
  stream_context,
} from "@solo-io/proxy-runtime/runtime";
import { proxy_get_buffer_bytes } from "@solo-io/proxy-runtime/imports";
import { free } from "@solo-io/proxy-runtime/malloc";

const HEADER = "x-added-by";

// Where the host writes the address of a buffer, and its size.
const found = memory.data(8);

// Reads the plugin configuration. The SDK's own `onConfigure` hands the host the
// size where the address for the size belongs, and so writes over low memory.
function readConfiguration(size: u32): string | null {
  const result = proxy_get_buffer_bytes(BufferTypeValues.PluginConfiguration, 0, size, found, found + 4);
  if (result != WasmResultValues.Ok) return null;
  const address = load<usize>(found);
  const text = String.UTF8.decodeUnsafe(address, load<usize>(found + 4));
  free(address); // the host got it from our `malloc`
  return text;
}

class AddHeaderRoot extends RootContext {
  value: string = "assemblyscript";

  onConfigure(size: u32): bool {
    if (size > 0) {
      const text = readConfiguration(size);
      if (text === null) {
        log(LogLevelValues.error, "add_header: cannot read the configuration");
        return false;
      }
      this.value = text;
    }
    log(LogLevelValues.info, "add_header: configured, " + HEADER + " is " + this.value);
    return true;
  }

  createContext(context_id: u32): Context {
    return new AddHeader(context_id, this);
  }
}

class AddHeader extends Context {
  onResponseHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const value = (this.root_context as AddHeaderRoot).value;
    stream_context.headers.response.add(HEADER, value);
    log(LogLevelValues.info, "add_header: added " + HEADER + ": " + value);
    return FilterHeadersStatusValues.Continue;
  }
}

function createRoot(context_id: u32): RootContext {
  return new AddHeaderRoot(context_id);
}

registerRootContext(createRoot, "");
registerRootContext(createRoot, "add_header");
