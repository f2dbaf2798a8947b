//! How a process is offered to other people's programs over Open311 GeoReport v2 (the frozen specification of 2011): its
//! kinds are the services. Only what is named here ever becomes public that way.

use serde::{Deserialize, Serialize};

/// A process as Open311 shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open311 {
    /// The yes-or-no field of the register of kinds that says which kinds are services; every kind without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<String>,
    /// Fields of the opening form that are asked as attributes, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
    /// The field a reporter's name goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The field a reporter's telephone goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Yes-or-no fields that keep a case out of what the public is shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hide: Vec<String>,
    /// The description is shown, with telephone, identity and card numbers and addresses of mail taken out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub describe: bool,
    /// The picture that is shown; none without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<OpenMedia>,
    /// Somebody looks at a request before it is public: whoever sends one gets a token first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checked: bool,
}

/// A picture anyone may see: the first of a field, once somebody has said that it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMedia {
    /// The field of pictures.
    pub files: String,
    /// The yes-or-no field in which it is said: faces and number plates are told by people, not by us.
    pub shown: String,
}
