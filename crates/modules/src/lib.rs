//! First-party hook libraries
