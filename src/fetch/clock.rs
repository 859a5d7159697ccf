//! Time that passes: handed in, so that tests need not wait.

use std::time::{Duration, Instant};

/// Tells how long a fetch has run, and waits.
pub trait Clock {
    /// Since the clock was made.
    fn elapsed(&self) -> Duration;
    /// Waits.
    fn sleep(&self, pause: Duration);
}

/// The clock of the system. `pace` stretches every pause: 1 is what the sources ask for.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    pace: f64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new(pace: f64) -> SystemClock {
        SystemClock { start: Instant::now(), pace }
    }
}

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, pause: Duration) {
        std::thread::sleep(pause.mul_f64(self.pace));
    }
}
