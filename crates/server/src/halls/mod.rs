//! Pages for those who wait in a queue that packs declare: the hall, the kiosk that gives tickets, the display that calls
//! them, and the ticket on a phone. Nothing here shows more of a case than its number, its lane and where it is called to;
//! the page of those who serve is `staff::queue`.

mod board;
pub mod calls;
pub mod display;
mod hall;
pub mod index;
pub mod kiosk;
pub mod page;
pub mod slip;
mod spoken;
mod take;
pub mod ticket;

pub use board::number_of;
pub use hall::{Hall, has_screens};
pub use take::kiosk_href;
pub use ticket::ticket_href;
