//! Calling out: sending one event to an address somebody typed, and asking the provider of identities the deployment names. Only
//! addresses of the open internet unless the deployment allows others, resolved once and connected to as checked, without
//! following anything, and not for long.

use axum::http::Uri;
use axum::http::request::Builder;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long one sending may take.
const SECONDS_MAX: u64 = 10;
/// Longest address.
const CHARS_MAX: usize = 2_000;

/// Where an event goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(crate) tls: bool,
    pub(crate) host: String,
    port: u16,
    path: String,
}

/// Reads an address: `https://host[:port]/path`; plain `http` only where addresses inside are allowed.
#[must_use]
pub fn target(url: &str, inside: bool) -> Option<Target> {
    if url.len() > CHARS_MAX || url.contains('#') {
        return None;
    }
    let uri: Uri = url.parse().ok()?;
    let tls = match uri.scheme_str()? {
        "https" => true,
        "http" if inside => false,
        _ => return None,
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    (!host.is_empty()).then_some(Target { tls, host, port, path })
}

fn is_open_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_documentation()
        || ip.is_multicast()
        // "This network", shared address space (RFC 6598), protocol assignments, benchmarks, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !special
}

fn is_open_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_open_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // IPv4 in other clothes: mapped, compatible, NAT64, 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        // Teredo and documentation; only 2000::/3 is the open internet.
        [0x2001, 0, ..] | [0x2001, 0xdb8, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

/// Whether an address is one of the open internet.
#[must_use]
pub fn is_open(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_open_v4(ip),
        IpAddr::V6(ip) => is_open_v6(ip),
    }
}

/// The address to connect to: the first that may be.
async fn resolved(target: &Target, inside: bool) -> Result<SocketAddr, String> {
    let found = tokio::net::lookup_host((target.host.as_str(), target.port)).await;
    let found: Vec<SocketAddr> = found.map_err(|error| format!("the name cannot be resolved: {error}"))?.collect();
    // One address inside among others is how a name is made to point inside at the second look.
    if !inside && found.iter().any(|address| !is_open(address.ip())) {
        return Err("the name leads to an address inside".to_owned());
    }
    found.first().copied().ok_or_else(|| "the name has no address".to_owned())
}

/// What is trusted: the certificates of the system.
fn tls() -> Option<Arc<ClientConfig>> {
    static CONFIG: OnceLock<Option<Arc<ClientConfig>>> = OnceLock::new();
    let made = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    };
    CONFIG.get_or_init(made).clone()
}

/// What the other side answered: its status, and as much of its words as was asked for.
pub(crate) type Answered = (u16, Bytes);

/// Sends a request over a connection. Of the answer at most `bytes_max` are read, and more is an error; 0 reads nothing of it.
async fn exchange<T>(io: T, request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answered, String>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let said = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = handshake(TokioIo::new(io)).await.map_err(said)?;
    let driver = tokio::spawn(connection);
    let answered = match sender.send_request(request).await.map_err(said) {
        Ok(response) if bytes_max == 0 => Ok((response.status().as_u16(), Bytes::new())),
        Ok(response) => {
            let status = response.status().as_u16();
            let body = Limited::new(response.into_body(), bytes_max).collect().await;
            body.map(|body| (status, body.to_bytes())).map_err(|error| error.to_string())
        }
        Err(error) => Err(error),
    };
    driver.abort();
    answered
}

async fn sent(
    target: &Target,
    inside: bool,
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Answered, String> {
    let address = resolved(target, inside).await?;
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    if !target.tls {
        return exchange(stream, request, bytes_max).await;
    }
    let config = tls().ok_or_else(|| "no certificates are trusted".to_owned())?;
    let name = ServerName::try_from(target.host.clone()).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| error.to_string())?;
    exchange(stream, request, bytes_max).await
}

/// A request of ours to a target, still without its own headers.
pub(crate) fn request_to(target: &Target, method: &str) -> Builder {
    let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
    let usual = if target.tls { 443 } else { 80 };
    let host = if target.port == usual { host } else { format!("{host}:{}", target.port) };
    Request::builder().method(method).uri(&target.path).header("host", host).header("user-agent", "ganglion")
}

/// Sends a request and reads at most `bytes_max` of the answer, or says why there is none.
///
/// # Errors
/// In words for the log or a page of deliveries.
pub(crate) async fn call(
    target: &Target,
    inside: bool,
    request: Request<Full<Bytes>>,
    bytes_max: usize,
) -> Result<Answered, String> {
    match tokio::time::timeout(Duration::from_secs(SECONDS_MAX), sent(target, inside, request, bytes_max)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {SECONDS_MAX} seconds")),
    }
}

/// Sends a body with some headers; gives the status of the answer, or why there is none.
///
/// # Errors
/// In words for the page of deliveries.
pub async fn post(target: &Target, inside: bool, headers: &[(&str, String)], body: String) -> Result<u16, String> {
    let mut request = request_to(target, "POST").header("content-type", "application/cloudevents+json; charset=utf-8");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
    // What the other side says besides its status is not read.
    Ok(call(target, inside, request, 0).await?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_known_in_every_dress() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.8",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001::1",
        ] {
            assert!(!is_open(inside.parse().unwrap()), "{inside}");
        }
        for open in ["8.8.8.8", "114.114.114.114", "2400:3200::1", "::ffff:8.8.8.8", "172.32.0.1", "100.128.0.1"] {
            assert!(is_open(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn only_plain_addresses_are_taken() {
        let https = target("https://example.com:8443/hook?a=1", false).unwrap();
        assert_eq!((https.host.as_str(), https.port, https.path.as_str()), ("example.com", 8443, "/hook?a=1"));
        assert_eq!(target("https://[2400:3200::1]/x", false).unwrap().host, "2400:3200::1");
        for bad in ["http://example.com/", "ftp://example.com/", "https://user@example.com/", "/path", "", "https://"] {
            assert_eq!(target(bad, false), None, "{bad}");
        }
        assert!(target("http://127.0.0.1:8080/", true).is_some());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_called() {
        let target = target("https://127.0.0.1:9/", false).unwrap();
        let answer = post(&target, false, &[], String::new()).await;
        assert!(answer.unwrap_err().contains("inside"));
    }
}
