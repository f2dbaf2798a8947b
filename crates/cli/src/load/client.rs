//! One keep-alive connection that sends JSON and reads JSON.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;

/// A connection.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    /// Seconds named in `Retry-After` of the last answer.
    pub retry_after: Option<u64>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn connect(address: SocketAddr) -> Result<Client> {
        let stream = tokio::net::TcpStream::connect(address).await.context("connecting")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // The connection ends with an error when the server is killed, which is what drills do.
            let _ = connection.await;
        });
        Ok(Client { sender, host: address.to_string(), retry_after: None })
    }

    /// Sends one request with a bearer token.
    ///
    /// # Errors
    /// When the connection breaks. A refusal is an answer, not an error.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        (token, body): (&str, Option<&Value>),
    ) -> Result<(StatusCode, Bytes)> {
        let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        self.retry_after = wait.and_then(|seconds| seconds.parse().ok());
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok((status, bytes))
    }
}
