# Personal values: erasure, who read them, the rights of the person, retention.
verb-erased = Personal values erased
erased-value = erased
erased-retention = The time they were to be kept is over; erased by the system
erased-by = Erased as decided in { $number }
