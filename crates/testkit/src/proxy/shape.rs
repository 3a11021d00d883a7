//! Errors as AWS would send them: each service's own code, in the shape of its protocol.
//!
//! A fault that answers with a code the service never uses would test an error table that no one needs. The codes are
//! those that the services send on the wire, which are not always those of their API reference: RDS, IAM, SNS and STS
//! say `Throttling` and `ExpiredToken` where the common-errors pages print `ThrottlingException` and
//! `ExpiredTokenException`.

use super::wire::{Call, Protocol};
use bytes::Bytes;
use hyper::Response;
use hyper::header::CONTENT_TYPE;

/// An error answer before it has a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// AWS error code.
    pub code: String,
    /// Text for a reader.
    pub message: String,
}

impl Failure {
    fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// The request rate is too high; nothing was executed.
    #[must_use]
    pub fn throttle(call: &Call) -> Self {
        match call.service.as_str() {
            "ec2" => Self::new(503, "RequestLimitExceeded", "Request limit exceeded."),
            "s3" => Self::new(503, "SlowDown", "Please reduce your request rate."),
            "resourcegroupstaggingapi" => Self::new(400, "ThrottledException", "Rate exceeded"),
            _ => match call.protocol {
                Protocol::Query => Self::new(400, "Throttling", "Rate exceeded"),
                Protocol::RestJson => Self::new(429, "TooManyRequestsException", "Rate exceeded"),
                _ => Self::new(400, "ThrottlingException", "Rate exceeded"),
            },
        }
    }

    /// AWS failed; whether it acted is not known to the caller. `status` is 500 or 503.
    #[must_use]
    pub fn server(call: &Call, status: u16) -> Self {
        let code = match (call.service.as_str(), status) {
            ("ec2", 503) => "Unavailable",
            ("ec2" | "s3", 500) => "InternalError",
            ("iam", 500) => "ServiceFailure",
            ("kms", 500) => "KMSInternalException",
            ("cloudwatch", 500) => "InternalServiceFault",
            ("logs", 503) => "ServiceUnavailableException",
            ("application-autoscaling" | "resourcegroupstaggingapi", 500) => "InternalServiceException",
            (_, 503) => "ServiceUnavailable",
            _ => "InternalFailure",
        };
        Self::new(status, code, "An internal error has occurred.")
    }

    /// The session token is past its end; nothing was executed.
    #[must_use]
    pub fn expired(call: &Call) -> Self {
        let message = "The security token included in the request is expired";
        match call.protocol {
            Protocol::Ec2Query => Self::new(400, "RequestExpired", "Request has expired."),
            Protocol::RestXml => Self::new(400, "ExpiredToken", "The provided token has expired."),
            Protocol::Query => Self::new(403, "ExpiredToken", message),
            _ => Self::new(400, "ExpiredTokenException", message),
        }
    }

    /// No policy allows the action; nothing was executed.
    #[must_use]
    pub fn denied(call: &Call) -> Self {
        let prefix = if call.service == "resourcegroupstaggingapi" { "tag" } else { &call.service };
        let action = format!("{prefix}:{}", call.action);
        let message = format!(
            "User: arn:aws:iam::123456789012:user/test is not authorized to perform: {action} \
             because no identity-based policy allows the {action} action"
        );
        match call.protocol {
            Protocol::Ec2Query => Self::new(403, "UnauthorizedOperation", message),
            Protocol::Query | Protocol::RestXml => Self::new(403, "AccessDenied", message),
            _ => Self::new(400, "AccessDeniedException", message),
        }
    }

    /// The signature's time is too far from the service's clock; nothing was executed.
    #[must_use]
    pub fn skewed(call: &Call) -> Self {
        let message = "Signature expired: the request's time is too far from the server's time";
        match call.protocol {
            Protocol::Ec2Query => Self::new(400, "RequestExpired", "Request has expired."),
            Protocol::RestXml => Self::new(403, "RequestTimeTooSkewed", message),
            Protocol::Query => Self::new(403, "SignatureDoesNotMatch", message),
            _ => Self::new(400, "InvalidSignatureException", message),
        }
    }

    /// The answer in the protocol of `call`.
    #[must_use]
    pub fn render(&self, call: &Call, request_id: &str) -> Response<Bytes> {
        let (kind, body) = match call.protocol {
            Protocol::Query => ("text/xml", self.query(request_id).into()),
            Protocol::Ec2Query => ("text/xml;charset=UTF-8", self.ec2(request_id).into()),
            Protocol::RestXml => ("application/xml", self.rest_xml(request_id).into()),
            Protocol::Json => ("application/x-amz-json-1.1", self.json().into()),
            Protocol::RestJson => ("application/json", self.json().into()),
            Protocol::Cbor => ("application/cbor", self.cbor()),
        };
        let mut answer = Response::new(Bytes::from(body));
        *answer.status_mut() = hyper::StatusCode::from_u16(self.status).unwrap_or_default();
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = value.parse() {
                answer.headers_mut().insert(name, value);
            }
        };
        put(CONTENT_TYPE.as_str(), kind);
        put("x-amzn-requestid", request_id);
        match call.protocol {
            Protocol::RestXml => put("x-amz-request-id", request_id),
            Protocol::RestJson => put("x-amzn-errortype", &self.code),
            Protocol::Cbor => {
                put("smithy-protocol", "rpc-v2-cbor");
                // CloudWatch was a Query service once: clients read the old code from this header.
                put("x-amzn-query-error", &format!("{};{}", self.code.trim_end_matches("Exception"), self.side()));
            }
            _ => {}
        }
        answer
    }

    fn side(&self) -> &'static str {
        if self.status >= 500 { "Receiver" } else { "Sender" }
    }

    fn query(&self, id: &str) -> String {
        let (code, message) = (&self.code, xml(&self.message));
        let side = self.side();
        format!(
            "<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>{id}</RequestId></ErrorResponse>"
        )
    }

    fn ec2(&self, id: &str) -> String {
        let (code, message) = (&self.code, xml(&self.message));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>{code}</Code>\
             <Message>{message}</Message></Error></Errors><RequestID>{id}</RequestID></Response>"
        )
    }

    fn rest_xml(&self, id: &str) -> String {
        let (code, message) = (&self.code, xml(&self.message));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>\
             <RequestId>{id}</RequestId></Error>"
        )
    }

    fn json(&self) -> String {
        serde_json::json!({ "__type": self.code, "message": self.message }).to_string()
    }

    /// A CBOR map of two texts (RFC 8949 §3.1): small enough to write by hand.
    fn cbor(&self) -> Vec<u8> {
        const MAP_OF_TWO: u8 = 0xA2;
        let mut out = vec![MAP_OF_TWO];
        for text in ["__type", &self.code, "message", &self.message] {
            cbor_text(&mut out, text);
        }
        out
    }
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cbor_text(out: &mut Vec<u8>, text: &str) {
    const TEXT: u8 = 0x60;
    match u8::try_from(text.len()) {
        Ok(len @ 0..24) => out.push(TEXT | len),
        Ok(len) => out.extend([TEXT | 24, len]),
        Err(_) => {
            let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
            out.push(TEXT | 25);
            out.extend(len.to_be_bytes());
        }
    }
    out.extend(text.bytes().take(usize::from(u16::MAX)));
}

/// The 502 page of a load balancer or a corporate proxy: no AWS error at all.
#[must_use]
pub fn gateway_page() -> Response<Bytes> {
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>\
                </center>\r\n</body>\r\n</html>\r\n";
    let mut answer = Response::new(Bytes::from_static(page.as_bytes()));
    *answer.status_mut() = hyper::StatusCode::BAD_GATEWAY;
    answer.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/html"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(service: &str, protocol: Protocol) -> Call {
        let (service, action) = (service.to_owned(), "CreateThing".to_owned());
        Call { service, action, region: String::new(), protocol, mutating: true, signed_at: None }
    }

    fn body(failure: &Failure, call: &Call) -> String {
        String::from_utf8_lossy(failure.render(call, "id-1").body()).into_owned()
    }

    #[test]
    fn throttles_carry_each_services_own_code() {
        for (service, protocol, status, code) in [
            ("rds", Protocol::Query, 400, "Throttling"),
            ("ec2", Protocol::Ec2Query, 503, "RequestLimitExceeded"),
            ("s3", Protocol::RestXml, 503, "SlowDown"),
            ("kms", Protocol::Json, 400, "ThrottlingException"),
            ("resourcegroupstaggingapi", Protocol::Json, 400, "ThrottledException"),
            ("cloudwatch", Protocol::Cbor, 400, "ThrottlingException"),
            ("lambda", Protocol::RestJson, 429, "TooManyRequestsException"),
        ] {
            let got = Failure::throttle(&call(service, protocol));
            assert_eq!((got.status, got.code.as_str()), (status, code), "{service}");
        }
    }

    #[test]
    fn each_protocol_has_its_shape() {
        let rds = call("rds", Protocol::Query);
        assert!(
            body(&Failure::throttle(&rds), &rds)
                .starts_with("<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>")
        );
        let ec2 = call("ec2", Protocol::Ec2Query);
        assert!(
            body(&Failure::denied(&ec2), &ec2).contains("<Response><Errors><Error><Code>UnauthorizedOperation</Code>")
        );
        let s3 = call("s3", Protocol::RestXml);
        assert!(body(&Failure::server(&s3, 503), &s3).contains("<Error><Code>ServiceUnavailable</Code>"));
        let kms = call("kms", Protocol::Json);
        let json: serde_json::Value = serde_json::from_str(&body(&Failure::expired(&kms), &kms)).unwrap();
        assert_eq!(json["__type"], "ExpiredTokenException");
    }

    #[test]
    fn cbor_is_a_map_of_two_texts_and_names_the_old_code_in_a_header() {
        let cloudwatch = call("cloudwatch", Protocol::Cbor);
        let answer = Failure::throttle(&cloudwatch).render(&cloudwatch, "id-1");
        assert_eq!(answer.headers()["x-amzn-query-error"], "Throttling;Sender");
        let mut want = vec![0xA2, 0x66];
        want.extend(b"__type");
        want.push(0x60 | 19);
        want.extend(b"ThrottlingException");
        want.push(0x67);
        want.extend(b"message");
        want.push(0x60 | 13);
        want.extend(b"Rate exceeded");
        assert_eq!(answer.body().as_ref(), want);
        let long = Failure::denied(&cloudwatch).render(&cloudwatch, "id-1");
        assert!(long.body().windows(2).any(|two| two == [0x78, Failure::denied(&cloudwatch).message.len() as u8]));
    }
}
