//! How the way to the database is protected: the words of libpq, over rustls with ring.

use super::error::PgOpenError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How the way there is protected.
#[derive(Clone, Debug)]
pub(super) enum Encryption {
    /// Not at all.
    None,
    /// Encrypted where the server can; nobody checks who it is.
    IfOffered,
    /// Encrypted; nobody checks who it is.
    Unverified,
    /// Encrypted, and the server shows a certificate for its name that one of these vouches for.
    Verified {
        /// File of certificates, PEM.
        certificates: PathBuf,
    },
}

impl Encryption {
    /// What `sslmode` means; `near`: on this machine.
    pub fn of(mode: Option<&str>, certificates: Option<PathBuf>, near: bool) -> Result<Encryption, PgOpenError> {
        Ok(match (mode, certificates) {
            (None, None) if near => Encryption::None,
            (Some("disable"), _) => Encryption::None,
            (None | Some("prefer" | "allow"), None) => Encryption::IfOffered,
            (Some("require"), None) => Encryption::Unverified,
            (None | Some("prefer" | "allow" | "require" | "verify-ca" | "verify-full"), Some(certificates)) => {
                Encryption::Verified { certificates }
            }
            (Some("verify-ca" | "verify-full"), None) => {
                return Err(PgOpenError::Address("verifying needs sslrootcert=FILE".to_owned()));
            }
            (Some(_), _) => {
                let known = "sslmode is disable, prefer, require or verify-full";
                return Err(PgOpenError::Address(known.to_owned()));
            }
        })
    }

    /// What makes encrypted connections; `None` when there is nothing to encrypt.
    pub fn connector(&self) -> Result<Option<MakeRustlsConnect>, PgOpenError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| PgOpenError::Certificates(error.to_string()))?;
        let config = match self {
            Encryption::None => return Ok(None),
            Encryption::IfOffered | Encryption::Unverified => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider))).with_no_client_auth()
            }
            Encryption::Verified { certificates } => {
                let failed = |reason: String| {
                    PgOpenError::Certificates(format!("{} cannot be read: {reason}", certificates.display()))
                };
                let mut roots = RootCertStore::empty();
                let found = CertificateDer::pem_file_iter(certificates).map_err(|error| failed(error.to_string()))?;
                for certificate in found {
                    let certificate = certificate.map_err(|error| failed(error.to_string()))?;
                    roots.add(certificate).map_err(|error| failed(error.to_string()))?;
                }
                builder.with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(Some(MakeRustlsConnect::new(config)))
    }
}

/// Takes any certificate: what libpq does unless it is told to verify. Signatures are checked all the same.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
