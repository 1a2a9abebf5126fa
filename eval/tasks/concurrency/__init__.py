"""Programs of tasks and threads with planted bugs: can the model repair them? Decided by tests under many schedules."""
