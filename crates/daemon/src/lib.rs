//! Process duties: PID file, signals, paths, clock
