/** Imports of WASI that Envoy has. The file's name is the name of the import module. */

export declare function clock_time_get(clock: i32, precision: i64, at: usize): i32;
export declare function random_get(p: usize, n: i32): i32;
