//! Turns at jobs that belong to a database rather than to a server: of all servers on it, one does each at a time.

/// A turn at a job that one server at a time does; over when it is dropped.
#[derive(Default)]
pub struct Turn(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Turn {
    /// One that is ended by `end`.
    pub fn ended_by(end: impl FnOnce() + Send + Sync + 'static) -> Turn {
        Turn(Some(Box::new(end)))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}
