//! The in-memory lease store with Kea's CSV journal
