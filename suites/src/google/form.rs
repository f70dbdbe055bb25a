//! The messages of the format, described to the reader of text format: names, numbers and types of their fields.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::Compiler;
use protox::file::{File, FileResolver};

/// The description, in the language of protocol buffers.
const FORM: &str = r#"
syntax = "proto3";
package service_extensions_samples.pb;

message TestSuite {
  Env env = 1;
  repeated Test test = 2;
}
message Env {
  enum LogLevel { UNDEFINED = 0; TRACE = 1; DEBUG = 2; INFO = 3; WARN = 4; ERROR = 5; CRITICAL = 6; }
  string test_path = 1;
  string wasm_path = 2;
  string config_path = 3;
  LogLevel log_level = 4;
  string log_path = 5;
  optional uint64 time_secs = 6;
  optional uint64 num_additional_streams = 7;
  optional uint64 additional_stream_advance_rate = 8;
}
message Test {
  string name = 1;
  bool benchmark = 2;
  oneof body_chunking_plan {
    int32 num_chunks = 10;
    int64 chunk_size = 11;
  }
  repeated Property properties = 12;
  Invocation request_headers = 3;
  repeated Invocation request_body = 4;
  Invocation response_headers = 5;
  repeated Invocation response_body = 6;
  Expectation plugin_init = 7;
  Expectation stream_init = 8;
  Expectation stream_destroy = 9;
}
message Property {
  string path = 1;
  bytes value = 2;
}
message Invocation {
  Input input = 1;
  Expectation result = 2;
}
message Input {
  repeated Header header = 1;
  bytes content = 2;
  string file = 3;
}
message Header {
  string key = 1;
  bytes value = 2;
}
message Expectation {
  repeated Header has_header = 1;
  repeated Header no_header = 2;
  repeated StringMatcher headers = 3;
  repeated StringMatcher body = 4;
  Immediate immediate = 5;
  repeated StringMatcher log = 6;
}
message Immediate {
  optional uint32 http_status = 1;
  optional uint32 grpc_status = 2;
  optional string details = 3;
}
message StringMatcher {
  bool invert = 1;
  oneof matcher {
    bytes exact = 2;
    string regex = 3;
    string file = 4;
  }
}
"#;

struct Own;

impl FileResolver for Own {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        File::from_source(name, FORM)
    }
}

/// The message that a file holds.
pub(super) fn test_suite() -> MessageDescriptor {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let mut compiler = Compiler::with_file_resolver(Own);
        compiler.open_file("runner.proto").expect("our own description compiles");
        compiler.descriptor_pool()
    });
    POOL.get_message_by_name("service_extensions_samples.pb.TestSuite").expect("it is described")
}
