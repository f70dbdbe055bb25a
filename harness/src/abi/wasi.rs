//! The table of WASI functions that Envoy offers, under both module names, and the error numbers they answer.
//!
//! Holds types only; what each function answers is in `sections/`. Serves: WASI preview 1 as far as Envoy 1.40
//! links it (observed): 45 functions, the same under both names. Nothing else of WASI can be imported.

use super::hostcalls::rows;
use super::{Hostcall, Section, ValType::I32, ValType::I64, Versions};

/// The two modules that offer every function of [`WASI`]. Rows name the first.
pub const WASI_MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// Every WASI function, by the section of the ABI that it serves.
pub static WASI: &[Hostcall] = rows! { WASI_MODULES[0];
    Clocks {
        clock_res_get(clock_id, return_resolution) starting;
        clock_time_get(clock_id, precision: i64, return_time) starting;
    }
    Randomness {
        random_get(buffer_data, buffer_size) starting;
    }
    EnvironmentVariables {
        environ_get(return_environ, return_environ_buffer) starting;
        environ_sizes_get(return_count, return_buffer_size) starting;
    }
    Logging {
        fd_write(fd, iovs_data, iovs_count, return_written) starting;
    }
    Wasi {
        args_get(return_argv, return_argv_buffer) starting;
        args_sizes_get(return_count, return_buffer_size) starting;
        fd_advise(fd, offset: i64, length: i64, advice) starting;
        fd_allocate(fd, offset: i64, length: i64) starting;
        fd_close(fd);
        fd_datasync(fd) starting;
        fd_fdstat_get(fd, return_fdstat) starting;
        fd_fdstat_set_flags(fd, flags) starting;
        fd_fdstat_set_rights(fd, rights_base: i64, rights_inheriting: i64) starting;
        fd_filestat_get(fd, return_filestat) starting;
        fd_filestat_set_size(fd, size: i64) starting;
        fd_filestat_set_times(fd, accessed: i64, modified: i64, flags) starting;
        fd_pread(fd, iovs_data, iovs_count, offset: i64, return_read) starting;
        fd_prestat_get(fd, return_prestat) starting;
        fd_prestat_dir_name(fd, path_data, path_size) starting;
        fd_pwrite(fd, iovs_data, iovs_count, offset: i64, return_written) starting;
        fd_read(fd, iovs_data, iovs_count, return_read);
        fd_readdir(fd, buffer_data, buffer_size, cookie: i64, return_size) starting;
        fd_renumber(fd, to) starting;
        fd_seek(fd, offset: i64, whence, return_offset);
        fd_sync(fd) starting;
        fd_tell(fd, return_offset) starting;
        path_create_directory(fd, path_data, path_size) starting;
        path_filestat_get(fd, lookup_flags, path_data, path_size, return_filestat) starting;
        path_filestat_set_times(fd, lookup_flags, path_data, path_size, accessed: i64, modified: i64, flags) starting;
        path_link(
            old_fd, old_lookup_flags, old_path_data, old_path_size, new_fd, new_path_data, new_path_size) starting;
        path_open(
            fd, lookup_flags, path_data, path_size, open_flags, rights_base: i64, rights_inheriting: i64, fd_flags,
            return_fd);
        path_readlink(fd, path_data, path_size, buffer_data, buffer_size, return_size) starting;
        path_remove_directory(fd, path_data, path_size) starting;
        path_rename(fd, old_path_data, old_path_size, new_fd, new_path_data, new_path_size) starting;
        path_symlink(old_path_data, old_path_size, fd, new_path_data, new_path_size) starting;
        path_unlink_file(fd, path_data, path_size) starting;
        poll_oneoff(subscriptions_data, return_events, subscriptions_count, return_count) starting;
        proc_exit(exit_code) -> void;
        sched_yield();
        sock_accept(fd, flags, return_fd) starting;
        sock_recv(fd, iovs_data, iovs_count, flags, return_size, return_flags) starting;
        sock_send(fd, iovs_data, iovs_count, flags, return_size) starting;
        sock_shutdown(fd, how) starting;
    }
};

/// The row of a WASI function, when `module` is one of the two names.
#[must_use]
pub fn wasi_function(module: &str, name: &str) -> Option<&'static Hostcall> {
    if !WASI_MODULES.contains(&module) {
        return None;
    }
    WASI.iter().find(|row| row.name == name)
}

/// Defines the error numbers: variant, number, name in the WASI text.
macro_rules! errnos {
    ($($(#[$doc:meta])* $variant:ident = $value:literal, $name:literal;)+) => {
        /// What a WASI function answers, as far as Envoy 1.40 uses it (observed).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Errno { $($(#[$doc])* $variant = $value,)+ }

        impl Errno {
            /// Every value, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The number that crosses the boundary.
            #[must_use]
            pub const fn to_abi(self) -> u32 { self as u32 }

            /// The name in the WASI text, in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

errnos! {
    /// It worked.
    Success = 0, "success";
    /// No such file descriptor.
    BadFd = 8, "badf";
    /// Not a directory.
    NotDirectory = 20, "notdir";
    /// A pointer leaves the guest's memory.
    Fault = 21, "fault";
    /// An argument is out of its range.
    Invalid = 28, "inval";
    /// No such file.
    NoEntry = 44, "noent";
    /// The function is not offered.
    NoSystem = 52, "nosys";
    /// The function cannot do this.
    NotSupported = 58, "notsup";
    /// A capability restriction forbids it.
    NotCapable = 76, "notcapable";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_45_distinct_functions() {
        let names: BTreeSet<_> = WASI.iter().map(|row| row.name).collect();
        assert_eq!((names.len(), WASI.len()), (45, 45));
    }

    #[test]
    fn both_modules_offer_the_same() {
        for module in WASI_MODULES {
            assert_eq!(wasi_function(module, "proc_exit").unwrap().signature().to_string(), "i32 -> void");
            assert_eq!(
                wasi_function(module, "fd_seek").unwrap().signature().to_string(),
                "i32 i64 i32 i32 -> i32"
            );
            assert_eq!(
                wasi_function(module, "path_open").unwrap().signature().to_string(),
                "i32 i32 i32 i32 i32 i64 i64 i32 i32 -> i32"
            );
        }
        assert!(wasi_function("env", "fd_write").is_none());
        assert!(wasi_function(WASI_MODULES[0], "proc_raise").is_none());
    }

    #[test]
    fn these_and_only_these_trap_while_starting() {
        let closed: Vec<_> = WASI.iter().filter(|row| !row.while_starting).map(|row| row.name).collect();
        assert_eq!(closed, ["fd_close", "fd_read", "fd_seek", "path_open", "proc_exit", "sched_yield"]);
    }
}
