//! What runs on plugins.
