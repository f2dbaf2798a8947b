//! What sends short messages: an address of the operator's gateway, called and signed as our webhooks are, or a file in which the
//! messages of a demonstration stand. A message is told nowhere else: no log, no journal.

use crate::error::Error;
use crate::events;
use async_trait::async_trait;
use jiff::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;

/// The file in the folder of an installation.
pub const FILE: &str = "sms.txt";

/// What a deployment sets.
#[derive(Clone, PartialEq, Eq)]
pub enum Sms {
    /// A file in the folder of the installation, for demonstrations.
    File,
    /// An address that takes messages.
    Webhook {
        /// The address, with `https://` or, inside, `http://`.
        url: String,
        /// The secret both sides know, as our webhooks have it: `whsec_…`.
        secret: String,
    },
}

impl std::fmt::Debug for Sms {
    /// Without the secret: settings are told in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sms::File => f.write_str("File"),
            Sms::Webhook { url, .. } => f.debug_struct("Webhook").field("url", url).finish_non_exhaustive(),
        }
    }
}

/// A short message.
pub struct Message {
    /// Eleven digits.
    pub phone: String,
    /// What it says.
    pub text: String,
    /// An id of its own, the same when it is sent again.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

/// What sends short messages. Another one is another implementation of this.
#[async_trait]
pub trait SmsGateway: Send + Sync {
    /// Sends one; it is on its way when this returns.
    ///
    /// # Errors
    /// In words for the log, without the message.
    async fn send(&self, message: &Message) -> Result<(), String>;
}

impl Sms {
    /// The gateway that is set, for an installation in a folder.
    #[must_use]
    pub fn gateway(&self, folder: &std::path::Path) -> Arc<dyn SmsGateway> {
        match self {
            Sms::File => Arc::new(FileGateway { path: folder.join(FILE), one: tokio::sync::Mutex::new(()) }),
            Sms::Webhook { url, secret } => Arc::new(Webhook { url: url.clone(), secret: secret.clone() }),
        }
    }

    /// Whether it could send at all: the address can be called and the secret is one.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        match self {
            Sms::File => true,
            Sms::Webhook { url, secret } => {
                events::target(url, true).is_some() && events::signature(secret, "", (0, "")).is_some()
            }
        }
    }
}

/// Appends messages to a file, a line each.
struct FileGateway {
    path: PathBuf,
    one: tokio::sync::Mutex<()>,
}

#[async_trait]
impl SmsGateway for FileGateway {
    async fn send(&self, message: &Message) -> Result<(), String> {
        let _turn = self.one.lock().await;
        let line = format!("{} {} {}\n", message.at, message.phone, message.text.replace('\n', " "));
        let opened = tokio::fs::OpenOptions::new().create(true).append(true).open(&self.path).await;
        let mut file = opened.map_err(|error| error.to_string())?;
        file.write_all(line.as_bytes()).await.map_err(|error| error.to_string())?;
        file.flush().await.map_err(|error| error.to_string())
    }
}

/// Posts messages to an address: a CloudEvent whose data hold telephone and text, signed as Standard Webhooks has it.
struct Webhook {
    url: String,
    secret: String,
}

/// The body of a message.
fn body(message: &Message) -> String {
    let event = serde_json::json!({
        "specversion": "1.0",
        "id": message.id,
        "source": "ganglion",
        "type": "ganglion.sms",
        "time": message.at.to_string(),
        "datacontenttype": "application/json",
        "data": { "phone": message.phone, "text": message.text },
    });
    event.to_string()
}

#[async_trait]
impl SmsGateway for Webhook {
    async fn send(&self, message: &Message) -> Result<(), String> {
        // Whoever runs the machine named the address: it may lie inside.
        let target = events::target(&self.url, true).ok_or_else(|| "the address cannot be called".to_owned())?;
        let (body, id, seconds) = (body(message), format!("msg_{}", message.id), message.at.as_second());
        let signature = events::signature(&self.secret, &id, (seconds, &body));
        let signature = signature.ok_or_else(|| "the secret is none".to_owned())?;
        let headers =
            [("webhook-id", id), ("webhook-timestamp", seconds.to_string()), ("webhook-signature", signature)];
        match events::post_to(&target, true, &headers, body).await? {
            status if (200..300).contains(&status) => Ok(()),
            status => Err(format!("the gateway answered {status}")),
        }
    }
}

impl crate::app::App {
    /// Sends a short message; a failure is told in the log without the message.
    ///
    /// # Errors
    /// [`Error::NotFound`] where none are sent, [`Error::Busy`] when it could not be.
    pub(crate) async fn sms(&self, phone: &str, text: String) -> Result<(), Error> {
        let gateway = self.sms.as_ref().ok_or(Error::NotFound)?;
        let (id, at) = (self.clock.id().simple().to_string(), self.clock.now());
        gateway.send(&Message { phone: phone.to_owned(), text, id, at }).await.map_err(|reason| {
            tracing::error!(%reason, "a short message could not be sent");
            Error::Busy
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    fn message() -> Message {
        let at = "2022-06-27T01:00:00Z".parse().unwrap();
        Message { phone: "13912340016".to_owned(), text: "code\n123456".to_owned(), id: "0a".to_owned(), at }
    }

    #[tokio::test]
    async fn a_file_holds_a_line_for_each_message() {
        let folder = tempfile::tempdir().unwrap();
        let gateway = Sms::File.gateway(folder.path());
        gateway.send(&message()).await.unwrap();
        gateway.send(&message()).await.unwrap();
        let text = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, "2022-06-27T01:00:00Z 13912340016 code 123456\n".repeat(2));
    }

    #[tokio::test]
    async fn a_gateway_gets_a_message_signed_with_the_secret_both_know() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sms", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let wanted = body(&message());
            while !String::from_utf8_lossy(&request).ends_with(&wanted) {
                let mut part = [0; 1024];
                let count = stream.read(&mut part).await.unwrap();
                assert!(count > 0, "the request ended early");
                request.extend(&part[..count]);
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            String::from_utf8(request).unwrap()
        });
        let secret = events::secret(&[7; 32]);
        let sms = Sms::Webhook { url, secret: secret.clone() };
        assert!(sms.is_usable() && !format!("{sms:?}").contains(&secret));
        sms.gateway(std::path::Path::new("/nowhere")).send(&message()).await.unwrap();
        let heard = heard.await.unwrap();
        let signature = events::signature(&secret, "msg_0a", (1_656_291_600, &body(&message()))).unwrap();
        assert!(heard.contains(&format!("webhook-signature: {signature}")), "{heard}");
        assert!(heard.starts_with("POST /sms HTTP/1.1"), "{heard}");
        let nobody = Sms::Webhook { url: "ftp://x".to_owned(), secret };
        assert!(!nobody.is_usable());
    }
}
