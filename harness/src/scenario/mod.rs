//! The script as a value.
