//! What sends codes to residents, as a deployment says it.

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use ganglion_server::Sms;
use std::path::PathBuf;

/// The gateway of short messages: none unless it is said.
#[derive(Args, Clone, Debug, Default)]
pub struct SmsArgs {
    /// Address that takes short messages, such as https://sms.example.gov.cn/send: residents can then sign in with a code sent to
    /// their telephone. Each is a POST signed as webhooks are; the body holds telephone and text.
    #[arg(long, env = "GANGLION_SMS_GATEWAY", requires = "sms_secret_file")]
    sms_gateway: Option<String>,
    /// File with the secret the gateway knows too: `whsec_` and a key in base64, such as `whsec_$(openssl rand -base64 32)`.
    #[arg(long, env = "GANGLION_SMS_SECRET_FILE")]
    sms_secret_file: Option<PathBuf>,
}

impl SmsArgs {
    /// The gateway, if one is said.
    ///
    /// # Errors
    /// When the secret cannot be read or nothing could be sent with what is said.
    pub fn read(&self) -> Result<Option<Sms>> {
        let Some(url) = &self.sms_gateway else { return Ok(None) };
        let path = self.sms_secret_file.as_ref().context("--sms-gateway needs --sms-secret-file")?;
        let secret = std::fs::read_to_string(path);
        let secret = secret.with_context(|| format!("reading the secret in {}", path.display()))?;
        let sms = Sms::Webhook { url: url.clone(), secret: secret.trim().to_owned() };
        ensure!(
            sms.is_usable(),
            "short messages cannot be sent: `{url}` must be an address with https:// or http://, and {} must hold `whsec_` and a key \
             in base64",
            path.display()
        );
        Ok(Some(sms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_an_address_and_a_secret_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let args = |url: &str| SmsArgs { sms_gateway: Some(url.to_owned()), sms_secret_file: Some(path.clone()) };
        assert!(args("https://sms.example/send").read().is_err(), "there is no file");
        std::fs::write(&path, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let sms = args("https://sms.example/send").read().unwrap();
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
        assert_eq!(sms, Some(Sms::Webhook { url: "https://sms.example/send".to_owned(), secret }));
        assert!(args("sms.example").read().is_err());
        std::fs::write(&path, "hunter2").unwrap();
        assert!(args("https://sms.example/send").read().unwrap_err().to_string().contains("whsec_"));
        assert_eq!(SmsArgs::default().read().unwrap(), None);
    }
}
