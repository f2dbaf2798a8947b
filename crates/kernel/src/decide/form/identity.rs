//! Numbers of persons and bodies: telephone, citizen ID, unified social credit code.

use super::value::{Read, string};
use super::{FormContext, finding, today};
use ganglion_model::checks::{self, BadId};
use ganglion_model::pack::Field;
use ganglion_model::units::half_width;
use serde_json::Value;

/// Nobody is older (handbook `02`, section 4): such a number is a slip of the pen.
const OLDEST_YEARS: i16 = 130;

/// Mobile numbers and land lines of the mainland (handbook `02`, section 8), stored as digits.
pub fn phone(field: &Field, given: &Value) -> Read {
    let text = half_width(string(field, given)?);
    if text.chars().any(|c| !c.is_ascii_digit() && !" +-()".contains(c)) {
        return Err(finding(field, "not_a_phone"));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
    let mobile = digits.len() == 11 && digits.starts_with('1') && digits.as_bytes()[1] >= b'3';
    let land_line = digits.starts_with('0') && (10..=12).contains(&digits.len()) || (7..=8).contains(&digits.len());
    if mobile || land_line { Ok(Value::String(digits.to_owned())) } else { Err(finding(field, "not_a_phone")) }
}

/// GB 11643. The place may be one that no longer exists, the day of birth must be possible today.
pub fn citizen_id(context: &FormContext<'_>, field: &Field, given: &Value) -> Read {
    let id = half_width(string(field, given)?).to_ascii_uppercase();
    let born = checks::citizen_id(&id).map_err(|bad| match bad {
        BadId::Form => finding(field, "not_an_id"),
        BadId::FirstGeneration => finding(field, "id_first_generation"),
        BadId::Check => finding(field, "id_check"),
        BadId::Birth => finding(field, "id_birth"),
    })?;
    let today = today(context);
    if born > today || born.year() < today.year() - OLDEST_YEARS {
        return Err(finding(field, "id_birth"));
    }
    Ok(Value::String(id))
}

/// GB 32100 with both check characters.
pub fn credit_code(field: &Field, given: &Value) -> Read {
    let typed = half_width(string(field, given)?).to_ascii_uppercase();
    let code: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    if code.chars().count() != 18 || code.chars().any(|c| !c.is_ascii_alphanumeric()) {
        return Err(finding(field, "not_a_credit_code"));
    }
    if checks::credit_code(&code) { Ok(Value::String(code)) } else { Err(finding(field, "credit_code_check")) }
}
