// Sends a share of the users to the new version, each always to the same.
//
// The configuration is the share, in per cent: 0 to 100. A user is who `x-user` says; a request without one gets the
// stable version. What the upstream's router goes by is `x-version`: `canary` or `stable`, whatever the client wrote there.

export * from "@solo-io/proxy-runtime/proxy"; // what the host calls
import {
  Context,
  FilterHeadersStatusValues,
  LogLevelValues,
  RootContext,
  log,
  registerRootContext,
  stream_context,
} from "@solo-io/proxy-runtime/runtime";
import { configuration } from "./configuration";
import { isCanary, readShare } from "./share";

class Router extends RootContext {
  share: i32 = 0;

  onConfigure(size: u32): bool {
    const text = size > 0 ? configuration(size) : "";
    this.share = text === null ? -1 : readShare(text);
    if (this.share < 0) {
      log(LogLevelValues.error, "canary: a share of 0 to 100 expected");
      return false;
    }
    return true;
  }

  createContext(context_id: u32): Context {
    return new Request(context_id, this);
  }
}

class Request extends Context {
  version: string = "stable";

  onRequestHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    const share = (this.root_context as Router).share;
    if (isCanary(stream_context.headers.request.get("x-user"), share)) this.version = "canary";
    stream_context.headers.request.replace("x-version", this.version);
    return FilterHeadersStatusValues.Continue;
  }

  onResponseHeaders(count: u32, end_of_stream: bool): FilterHeadersStatusValues {
    stream_context.headers.response.replace("x-version", this.version);
    return FilterHeadersStatusValues.Continue;
  }
}

registerRootContext((context_id: u32): RootContext => new Router(context_id), "");
