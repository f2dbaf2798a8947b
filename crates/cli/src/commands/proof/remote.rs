//! A log behind an address, over HTTP or HTTPS. What comes back is not trusted for where it came from: the signature says whose it
//! is. TLS keeps others from seeing what is asked.

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use ganglion_kernel::tlog::{LogError, Source};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::handshake;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Longest answer that is read, bytes: a bundle of entries of any log is shorter.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How long one answer is waited for, seconds.
const ANSWER_SECONDS_MAX: u64 = 30;

/// A log behind an address.
pub struct Remote {
    runtime: tokio::runtime::Runtime,
    tls: Option<Arc<ClientConfig>>,
    authority: String,
    host: String,
    port: u16,
    prefix: String,
}

impl Remote {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// When it is no address of a server.
    pub fn new(address: &str) -> Result<Remote> {
        let (is_tls, rest) = match (address.strip_prefix("http://"), address.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => bail!("{address} is no address: it begins http:// or https://"),
        };
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                (host, port.parse().with_context(|| format!("{address} names no port"))?)
            }
            _ => (authority, if is_tls { 443 } else { 80 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        anyhow::ensure!(!host.is_empty(), "{address} names no server");
        Ok(Remote {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            tls: if is_tls { Some(trusted()?) } else { None },
            authority: authority.to_owned(),
            host,
            port,
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }

    /// One request, on a connection of its own.
    ///
    /// # Errors
    /// When nobody answers, or not in time.
    pub fn ask(&self, method: Method, path: &str, body: String) -> Result<(StatusCode, Bytes)> {
        let uri = if self.prefix.is_empty() { format!("/{path}") } else { format!("/{}/{path}", self.prefix) };
        let request = Request::builder()
            .method(method)
            .uri(&uri)
            .header("host", &self.authority)
            .header("user-agent", "ganglion")
            .header("content-type", "text/plain; charset=utf-8")
            .body(Full::new(Bytes::from(body)))?;
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        let answer = self.runtime.block_on(async { tokio::time::timeout(limit, self.answered(request)).await });
        answer.with_context(|| format!("{uri}: no answer within {ANSWER_SECONDS_MAX} seconds"))?
    }

    async fn answered(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        let stream = tokio::net::TcpStream::connect((self.host.as_str(), self.port))
            .await
            .with_context(|| format!("connecting to {}", self.authority))?;
        match &self.tls {
            None => exchange(stream, request).await,
            Some(config) => {
                let name = ServerName::try_from(self.host.clone())?;
                exchange(TlsConnector::from(config.clone()).connect(name, stream).await?, request).await
            }
        }
    }
}

/// What is trusted: the certificates of the system.
fn trusted() -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

async fn exchange<T>(io: T, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(io)).await?;
    // What goes wrong with the connection, the request says.
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let read = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
    driver.abort();
    Ok((status, read.map_err(|error| anyhow!("reading the answer: {error}"))?.to_bytes()))
}

impl Source for Remote {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, LogError> {
        let unreadable = |reason: String| LogError::Unreadable { path: path.to_owned(), reason };
        match self.ask(Method::GET, path, String::new()) {
            Ok((StatusCode::OK, bytes)) => Ok(bytes.to_vec()),
            Ok((StatusCode::NOT_FOUND, _)) => Err(LogError::Missing(path.to_owned())),
            Ok((status, _)) => Err(unreadable(format!("the server answered {status}"))),
            Err(error) => Err(unreadable(format!("{error:#}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let of = |address: &str| Remote::new(address).map(|one| (one.host, one.port, one.prefix, one.tls.is_some()));
        let (host, prefix) = ("city.example".to_owned(), "log/130903".to_owned());
        assert_eq!(of("http://city.example/log/130903").unwrap(), (host.clone(), 80, prefix.clone(), false));
        assert_eq!(of("https://city.example:8443/log/130903/").unwrap(), (host, 8443, prefix, true));
        assert_eq!(of("http://[::1]:8080").unwrap(), ("::1".to_owned(), 8080, String::new(), false));
        for wrong in ["city.example/log", "ftp://city.example", "http://", "http://:80/log", "http://city.example:x"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
