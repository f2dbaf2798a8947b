//! What may happen (pure decide) and how it is made durable (the committing loop), clocks, and the storage port.
