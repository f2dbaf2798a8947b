//! Events for other software: a stream of the journal that may be taken up again, and webhooks that are sent until they are
//! taken. Both read the journal by cursor and tell nothing their listener could not read.

mod deliver;
mod position;
mod read;
pub mod receiver;
pub(crate) mod send;
mod sign;
mod stream;
mod view;

pub use deliver::run;
pub use position::Position;
pub use receiver::{Delivery, Receiver, pending, put};
pub(crate) use send::post as post_to;
pub use send::target;
pub use sign::secret;
pub(crate) use sign::signature;
pub use stream::events;
pub use view::TYPES;
