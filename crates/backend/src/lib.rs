//! The configuration backend: traits, server selection, audit, merge
