/** Imports from Envoy by proxy-wasm ABI 0.2.1. The file's name is the name of the import module. */

export declare function proxy_log(level: i32, p: usize, n: i32): i32;
export declare function proxy_set_tick_period_milliseconds(ms: u32): i32;
export declare function proxy_get_property(p: usize, n: i32, rp: usize, rn: usize): i32;
export declare function proxy_get_header_map_value(map: i32, k: usize, kn: i32, rp: usize, rn: usize): i32;
export declare function proxy_get_header_map_pairs(map: i32, rp: usize, rn: usize): i32;
export declare function proxy_replace_header_map_value(map: i32, k: usize, kn: i32, v: usize, vn: i32): i32;
export declare function proxy_remove_header_map_value(map: i32, k: usize, kn: i32): i32;
export declare function proxy_get_buffer_bytes(buffer: i32, start: i32, n: i32, rp: usize, rn: usize): i32;
export declare function proxy_get_shared_data(k: usize, kn: i32, rp: usize, rn: usize, cas: usize): i32;
export declare function proxy_set_shared_data(k: usize, kn: i32, v: usize, vn: i32, cas: u32): i32;
export declare function proxy_http_call(
  cluster: usize,
  clusterN: i32,
  headers: usize,
  headersN: i32,
  body: usize,
  bodyN: i32,
  trailers: usize,
  trailersN: i32,
  timeoutMs: u32,
  token: usize,
): i32;
export declare function proxy_define_metric(kind: i32, name: usize, nameN: i32, id: usize): i32;
export declare function proxy_increment_metric(id: i32, by: i64): i32;
export declare function proxy_record_metric(id: i32, value: u64): i32;
