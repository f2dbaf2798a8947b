//! Readings of instruments by MQTT 5: subscribed to as the registers say (`readings:`), judged by [`ganglion_kernel::gauge`],
//! written as rows by the post of a service key. A message is acknowledged once its rows are durable, so a broker sends again
//! what a stop or a full disk left open; how many may be under way is agreed with it, which bounds what is held here.

mod feed;
mod line;

pub use feed::Feed;
pub(crate) use line::run;

/// Where readings come from.
#[derive(Clone, PartialEq, Eq)]
pub struct Mqtt {
    /// The broker.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Over TLS, with the certificates the system trusts.
    pub tls: bool,
    /// Name and password, if it asks for them.
    pub sign_in: Option<(String, String)>,
    /// Name of the service key that stands for the instruments: its post writes the rows.
    pub key: String,
}

impl std::fmt::Debug for Mqtt {
    /// Without the password: settings are told in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.sign_in.as_ref().map(|(name, _)| name);
        f.debug_struct("Mqtt")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("name", &name)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
