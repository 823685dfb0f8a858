//! The URL that names a cluster: `etcd://HOST:PORT,…/PREFIX?OPTION=VALUE&…`.

use std::{fmt, net::Ipv6Addr, path::PathBuf, str::FromStr};

use crate::error::{Error, ErrorKind};

/// The prefix of all keys, if the URL names none.
const DEFAULT_PREFIX: &str = "/lockhost/";

const DEFAULT_PORT: &str = ":2379";

/// How many endpoints a URL may have: the largest clusters that etcd's authors recommend have seven members.
const MOST_ENDPOINTS: usize = 16;

/// The address of a cluster, and how to reach it.
///
/// It is read from a URL, `etcd://HOST:PORT,HOST:PORT/PREFIX?OPTION=VALUE&OPTION=VALUE`. A missing port is 2379, and a
/// missing prefix `/lockhost`. Names of options and files may be percent-encoded.
///
/// | option | meaning |
/// | --- | --- |
/// | `tls` | `yes` or `no`; `yes` by default if one of the next three is there |
/// | `cacert` | a PEM file with the authorities that may have signed the servers' certificates |
/// | `cert`, `key` | PEM files with the client's certificate and its private key |
/// | `user` | the user of etcd |
/// | `password-file` | a file whose first line is the password; else it is in `LOCKHOST_ETCD_PASSWORD` |
///
/// The password is never in the URL: every process of the machine can read command lines.
///
/// ```
/// use lockhost_etcd::Address;
///
/// let address: Address = "etcd://one,two:2380/prod?cacert=/etc/etcd/ca.crt".parse()?;
/// assert_eq!(address.endpoints(), ["https://one:2379", "https://two:2380"]);
/// assert_eq!(address.prefix(), "/prod/");
/// # Ok::<_, lockhost_etcd::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub(crate) endpoints: Vec<String>,
    pub(crate) prefix: String,
    pub(crate) tls: Option<Tls>,
    pub(crate) user: Option<String>,
    pub(crate) password_file: Option<PathBuf>,
}

/// The files for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) authorities: PathBuf,
    /// A certificate, and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

impl Address {
    /// Returns the URLs of the endpoints.
    #[must_use]
    pub fn endpoints(&self) -> &[String] {
        &self.endpoints
    }

    /// Returns the prefix of all keys.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl fmt::Display for Address {
    /// Writes the endpoints and the prefix, without options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("etcd://")?;
        for (nth, endpoint) in self.endpoints.iter().enumerate() {
            let host = endpoint.split_once("://").map_or("", |it| it.1);
            write!(f, "{}{host}", if nth > 0 { "," } else { "" })?;
        }
        f.write_str(self.prefix.trim_end_matches('/'))
    }
}

/// The options of a URL, as they are written.
#[derive(Default)]
struct Options {
    tls: Option<String>,
    cacert: Option<String>,
    cert: Option<String>,
    key: Option<String>,
    user: Option<String>,
    password_file: Option<String>,
}

fn wrong(cause: String) -> Error {
    Error::new(ErrorKind::Configuration, cause)
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self, Error> {
        let rest = url
            .strip_prefix("etcd://")
            .ok_or_else(|| wrong("the URL must begin with etcd://".to_owned()))?;
        if rest.contains('#') {
            return Err(wrong("a URL for etcd has no '#': write %23".to_owned()));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let options = Options::parse(query)?;
        let tls = options.tls()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let user = options.user()?;
        Ok(Self {
            endpoints: endpoints(hosts, scheme)?,
            prefix: prefix(path)?,
            tls,
            user,
            password_file: options.password_file.map(PathBuf::from),
        })
    }
}

impl Options {
    fn parse(query: &str) -> Result<Self, Error> {
        let mut options = Self::default();
        for option in query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = option
                .split_once('=')
                .ok_or_else(|| wrong(format!("the option '{}' has no value", shown(option))))?;
            let place = match name {
                // Read by lockhost itself.
                "directory" => continue,
                "tls" => &mut options.tls,
                "cacert" => &mut options.cacert,
                "cert" => &mut options.cert,
                "key" => &mut options.key,
                "user" => &mut options.user,
                "password-file" => &mut options.password_file,
                "password" => return Err(wrong(PASSWORD_IN_URL.to_owned())),
                _ => return Err(wrong(format!("unknown option '{}'", shown(name)))),
            };
            let value = decode(value)?;
            if value.is_empty() {
                return Err(wrong(format!("the option '{name}' is empty")));
            }
            if place.replace(value).is_some() {
                return Err(wrong(format!("the option '{name}' is there twice")));
            }
        }
        Ok(options)
    }

    fn tls(&self) -> Result<Option<Tls>, Error> {
        let has_files = self.cacert.is_some() || self.cert.is_some() || self.key.is_some();
        let wanted = match self.tls.as_deref() {
            Some("yes") => true,
            Some("no") if has_files => {
                return Err(wrong("tls=no contradicts cacert, cert and key".to_owned()));
            }
            Some("no") => false,
            Some(other) => {
                return Err(wrong(format!("tls={} is neither yes nor no", shown(other))));
            }
            None => has_files,
        };
        if !wanted {
            return Ok(None);
        }
        let client = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some((cert.into(), key.into())),
            (None, None) => None,
            _ => {
                return Err(wrong(
                    "cert and key belong together: one is missing".to_owned(),
                ));
            }
        };
        let authorities = self.cacert.as_ref().ok_or_else(|| {
            wrong(
                "TLS needs cacert, a file with the authorities to trust; those of the system are in \
                 /etc/ssl/certs/ca-certificates.crt on Debian"
                    .to_owned(),
            )
        })?;
        Ok(Some(Tls {
            authorities: authorities.into(),
            client,
        }))
    }

    fn user(&self) -> Result<Option<String>, Error> {
        if self.user.is_none() && self.password_file.is_some() {
            return Err(wrong("password-file without user".to_owned()));
        }
        Ok(self.user.clone())
    }
}

const PASSWORD_IN_URL: &str =
    "the password must not be in the URL, which other users of the machine can read";

fn endpoints(hosts: &str, scheme: &str) -> Result<Vec<String>, Error> {
    if hosts.contains('@') {
        return Err(wrong(format!(
            "{PASSWORD_IN_URL}: write user= and password-file="
        )));
    }
    let mut endpoints = Vec::new();
    for host in hosts.split(',') {
        let (name, port) = split_port(host);
        let is_host = match name.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => {
                let fits = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.' | b'_');
                !name.is_empty() && name.len() <= 253 && name.bytes().all(fits)
            }
        };
        let number = port.strip_prefix(':').unwrap_or_default();
        let is_port = number.bytes().all(|it| it.is_ascii_digit())
            && number.parse::<u16>().is_ok_and(|it| it > 0);
        if !is_host || !is_port {
            return Err(wrong(format!("'{}' is no host or HOST:PORT", shown(host))));
        }
        let endpoint = format!("{scheme}://{name}{port}");
        if endpoints.contains(&endpoint) {
            return Err(wrong(format!("'{}' is there twice", shown(host))));
        }
        endpoints.push(endpoint);
    }
    if endpoints.len() > MOST_ENDPOINTS {
        return Err(wrong(format!("more than {MOST_ENDPOINTS} endpoints")));
    }
    Ok(endpoints)
}

/// Splits a port from a host. The colons of an IPv6 address are in brackets.
fn split_port(host: &str) -> (&str, &str) {
    match host.rfind(':') {
        Some(at) if !host.ends_with(']') => host.split_at(at),
        _ => (host, DEFAULT_PORT),
    }
}

fn prefix(path: &str) -> Result<String, Error> {
    let mut prefix = decode(path)?;
    if prefix.trim_matches('/').is_empty() {
        return Ok(DEFAULT_PREFIX.to_owned());
    }
    if prefix.len() > 512 || prefix.chars().any(char::is_control) {
        return Err(wrong(
            "the prefix is longer than 512 bytes, or has a control character".to_owned(),
        ));
    }
    if !prefix.ends_with('/') {
        prefix.push('/');
    }
    Ok(prefix)
}

/// Decodes percent-encoding. Other characters are kept; '+' is no space.
fn decode(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |nth: usize| Some(char::from(*after.get(nth)?).to_digit(16)? as u8);
        let (Some(high), Some(low)) = (digit(0), digit(1)) else {
            return Err(wrong(format!(
                "'{}' has a '%' without two digits",
                shown(text)
            )));
        };
        bytes.push(high << 4 | low);
        rest = &after[2..];
    }
    let text = String::from_utf8(bytes)
        .ok()
        .filter(|it| !it.contains('\0'));
    text.ok_or_else(|| wrong("percent-encoding that is no text".to_owned()))
}

fn shown(text: &str) -> String {
    crate::error::excerpt(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(url: &str) -> Result<Address, Error> {
        url.parse()
    }

    #[test]
    fn an_address_has_endpoints_a_prefix_and_files() {
        let address = parse("etcd://a,b:1,[::1]:2,[::2]/x%20y/z?tls=yes&cacert=/c%26a").unwrap();
        assert_eq!(
            address.endpoints,
            [
                "https://a:2379",
                "https://b:1",
                "https://[::1]:2",
                "https://[::2]:2379"
            ]
        );
        assert_eq!(address.prefix, "/x y/z/");
        let tls = Tls {
            authorities: "/c&a".into(),
            client: None,
        };
        assert_eq!(address.tls, Some(tls));
        assert_eq!(
            address.to_string(),
            "etcd://a:2379,b:1,[::1]:2,[::2]:2379/x y/z"
        );
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        for url in [
            "etcd://h",
            "etcd://h/",
            "etcd://h:2379//?",
            "etcd://h?tls=no",
        ] {
            let address = parse(url).unwrap();
            assert_eq!(address.endpoints, ["http://h:2379"], "{url}");
            assert_eq!(address.prefix, "/lockhost/", "{url}");
            assert_eq!((address.tls, address.user), (None, None), "{url}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_with_its_reason() {
        for (url, reason) in [
            ("http://h", "begin with etcd://"),
            ("etcd://", "'' is no host"),
            ("etcd://a,,b", "'' is no host"),
            ("etcd://a:0", "'a:0' is no host"),
            ("etcd://a:65536", "is no host"),
            ("etcd://a:+1", "is no host"),
            ("etcd://a:", "is no host"),
            ("etcd://a b", "is no host"),
            ("etcd://[::1", "is no host"),
            ("etcd://::1", "is no host"),
            ("etcd://a,a", "twice"),
            ("etcd://u:p@h", "must not be in the URL"),
            ("etcd://h?password=x", "must not be in the URL"),
            ("etcd://h?colour=red", "unknown option 'colour'"),
            ("etcd://h?user", "has no value"),
            ("etcd://h?user=", "is empty"),
            ("etcd://h?user=a&user=b", "'user' is there twice"),
            ("etcd://h?tls=maybe", "neither yes nor no"),
            ("etcd://h?tls=no&cert=c", "contradicts"),
            ("etcd://h?tls=yes", "needs cacert"),
            ("etcd://h?cacert=c&cert=c", "belong together"),
            ("etcd://h?cacert=%f", "without two digits"),
            ("etcd://h?cacert=%ff", "is no text"),
            ("etcd://h?cacert=%00", "is no text"),
            ("etcd://h?password-file=x", "without user"),
            ("etcd://h/a#b", "no '#'"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
            assert!(error.to_string().contains(reason), "{url}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_url_is_read_or_refused(rest in r"(etcd://)?[a-c%:/?&=,@\[\]#é0-9]{0,30}") {
            let _ = parse(&rest);
            let _ = parse(&format!("etcd://{rest}"));
        }
    }
}
