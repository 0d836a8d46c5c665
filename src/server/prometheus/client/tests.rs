use super::*;
use crate::server::prometheus::{
    Auth, Secret,
    line::{AT_ONCE, LARGEST_BYTES},
    testing::{Asked, Fake, NOON, field, vector},
};
use axum::{
    body::Body,
    http::header,
    response::{Html, IntoResponse},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Instant,
};

const AT: i64 = 1_786_449_600;

async fn answering(status: u16, body: &'static str) -> Fake {
    Fake::start(move |_| async move { (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/json")], body) }).await
}

async fn failure(fake: &Fake) -> PromError {
    fake.client().query("up", AT).await.expect_err("it fails")
}

#[tokio::test]
async fn a_query_is_a_form_with_the_credentials_of_the_endpoint() {
    let fake = Fake::start(|_| async { vector(r#"{"metric":{"job":"a"},"value":[1786449600,"3"]}"#) }).await;
    let endpoint = Endpoint {
        auth: Auth::Bearer { token: Secret::new("t0ken") },
        tenant: Some("team-a".to_owned()),
        headers: [("X-Extra".to_owned(), Secret::new("more"))].into(),
        timeout_secs: 10,
        ..Endpoint::new(format!("{}/prom/", fake.url))
    };
    let samples = fake.client_of(endpoint).query("sum(x{a=\"ä &+b\"})", AT).await.unwrap();
    assert_eq!(samples[0].point, Some(Point { at_ms: AT * 1_000, value: 3.0 }));
    let [asked] = fake.asked().try_into().unwrap();
    let Asked { method, uri, form, headers } = asked;
    assert_eq!((method.as_str(), uri.as_str()), ("POST", "/prom/api/v1/query"));
    let wanted = [("query", "sum(x{a=\"ä &+b\"})"), ("time", "1786449600"), ("timeout", "9000ms"), ("dedup", "true"), ("partial_response", "false")];
    for (name, value) in wanted {
        assert_eq!(field(&form, name).as_deref(), Some(value), "{form}");
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!([header("authorization"), header("x-scope-orgid"), header("x-extra")], ["Bearer t0ken", "team-a", "more"]);
    assert!(header("accept-encoding").contains("gzip"));
}

#[tokio::test]
async fn who_takes_no_post_is_asked_by_get_from_then_on() {
    let fake =
        Fake::start(
            |asked: Asked| async move { if asked.method == "POST" { StatusCode::METHOD_NOT_ALLOWED.into_response() } else { vector("").into_response() } },
        )
        .await;
    let client = fake.client();
    for _ in 0..2 {
        assert_eq!(client.query("up", AT).await, Ok(Vec::new()));
    }
    let asked = fake.asked();
    let methods: Vec<&str> = asked.iter().map(|asked| asked.method.as_str()).collect();
    assert_eq!(methods, ["POST", "GET", "GET"]);
    assert!(asked[1].uri.contains("query=up") && asked[1].uri.contains("partial_response=false"), "{}", asked[1].uri);
}

#[tokio::test]
async fn a_busy_endpoint_says_how_long_it_wants_to_be_left_alone() {
    let fake = Fake::start(|_| async { (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "70")], "slow down") }).await;
    let client = fake.client();
    let error = client.query("up", AT).await.unwrap_err();
    assert_eq!(error, PromError::TooBusy { status: 429, retry_after_secs: Some(70) });
    let standing = client.standing();
    assert_eq!((standing.failing_since, standing.next_try_at), (Some(NOON), Some(NOON.plus_secs(70))));

    let date = Fake::start(|_| async { (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "Tue, 11 Aug 2026 12:01:00 GMT")]) }).await;
    assert_eq!(failure(&date).await, PromError::TooBusy { status: 503, retry_after_secs: Some(60) });
}

#[tokio::test]
async fn what_the_api_says_is_told_apart() {
    let words = "found duplicate series for the match group {} on the right hand-side of the operation";
    let refused = answering(422, include_str!("../../../../tests/fixtures/prometheus_query/error_422.json")).await;
    let client = refused.client();
    assert_eq!(client.query("up", AT).await, Err(PromError::BadQuery(words.to_owned())));
    assert_eq!(client.standing().failing_since, None, "a bad query is not the endpoint's failure");

    let cases = [
        (400, r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#, PromError::BadQuery("parse error".to_owned())),
        (503, r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#, PromError::TimedOut { secs: 5 }),
        (503, r#"{"status":"error","errorType":"unavailable","error":"starting"}"#, PromError::TooBusy { status: 503, retry_after_secs: None }),
        (401, "no", PromError::Refused { status: 401 }),
        (500, r#"{"status":"error","errorType":"internal","error":"boom"}"#, PromError::Refused { status: 500 }),
        (502, "<html>", PromError::Refused { status: 502 }),
        (200, r#"{"hello":"world"}"#, PromError::NotPrometheus("it sends application/json that cannot be read".to_owned())),
        (404, "nothing", PromError::NotPrometheus("the path is unknown there (status 404, application/json)".to_owned())),
    ];
    for (status, body, error) in cases {
        assert_eq!(failure(&answering(status, body).await).await, error, "{status} {body}");
    }
}

#[tokio::test]
async fn warnings_make_it_a_gap() {
    let fake = answering(200, include_str!("../../../../tests/fixtures/prometheus_query/matrix_with_warnings.json")).await;
    let client = fake.client();
    let error = client.query_range("x", AT, AT + 60, 60).await.unwrap_err();
    assert_eq!(error, PromError::Partial(vec!["No StoreAPIs matched for this query".to_owned()]));
    assert_eq!(client.standing().answered_at, Some(NOON));
}

#[tokio::test]
async fn a_page_for_people_is_no_answer() {
    let fake = Fake::start(|_| async { Html("<h1>Sign in</h1>") }).await;
    assert_eq!(failure(&fake).await, PromError::NotPrometheus("it sends text/html; charset=utf-8 that cannot be read".to_owned()));
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let elsewhere = Fake::start(|_| async { vector("") }).await;
    let to = format!("{}/elsewhere?token=1", elsewhere.url);
    let fake = Fake::start(move |_| {
        let to = to.clone();
        async move { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]) }
    })
    .await;
    assert_eq!(failure(&fake).await, PromError::Redirected { to: format!("{}/elsewhere", elsewhere.url) });
    assert_eq!((fake.asked().len(), elsewhere.asked().len()), (1, 0));
}

#[tokio::test]
async fn a_slow_answer_and_nobody_at_all_are_two_things() {
    let slow = Fake::start(|_| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        vector("")
    })
    .await;
    let client = slow.client_of(Endpoint { timeout_secs: 1, ..Endpoint::new(&slow.url) });
    let started = Instant::now();
    assert_eq!(client.query("up", AT).await, Err(PromError::TimedOut { secs: 1 }));
    assert!(started.elapsed() < Duration::from_secs(5));

    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = slow.client_of(Endpoint::new(format!("http://{free}")));
    let error = client.query("up", AT).await.unwrap_err();
    assert!(matches!(&error, PromError::Unreachable(words) if words.to_lowercase().contains("refused")), "{error}");
    assert_eq!(client.standing().failures, 1);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let told = Fake::start(|_| async { vec![b' '; LARGEST_BYTES + 1] }).await;
    assert_eq!(failure(&told).await, PromError::TooLarge { limit_bytes: LARGEST_BYTES });

    let endless = Fake::start(|_| async {
        let chunk = axum::body::Bytes::from_static(&[b' '; 65_536]);
        Body::from_stream(futures::stream::repeat(Ok::<_, std::convert::Infallible>(chunk)))
    })
    .await;
    assert_eq!(failure(&endless).await, PromError::TooLarge { limit_bytes: LARGEST_BYTES });
}

#[tokio::test]
async fn a_long_range_is_asked_in_parts() {
    let fake = Fake::start(|asked: Asked| async move {
        let number = |name| field(&asked.form, name).unwrap().parse::<i64>().unwrap();
        let (start, end, step) = (number("start"), number("end"), number("step"));
        assert!((end - start) / step < 11_000);
        let points: Vec<String> = (start..=end).step_by(step as usize).map(|at| format!("[{at},\"{}\"]", at - AT)).collect();
        format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{}},"values":[{}]}}]}}}}"#, points.join(","))
    })
    .await;
    let series = fake.client().query_range("x", AT, AT + 25_000 * 60, 60).await.unwrap();
    assert_eq!((series.len(), fake.asked().len()), (1, 3));
    let points = &series[0].points;
    assert_eq!(points.len(), 25_001);
    assert!(points.iter().enumerate().all(|(n, point)| point.value == n as f64 * 60.0 && point.at_ms == (AT + n as i64 * 60) * 1_000));
}

#[tokio::test]
async fn four_at_once_and_no_more() {
    let fake = Fake::start(|_| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        vector("")
    })
    .await;
    let (client, done) = (Arc::new(fake.client()), Arc::new(AtomicUsize::new(0)));
    let queries = (0..16).map(|_| async {
        client.query("up", AT).await.unwrap();
        done.fetch_add(1, SeqCst);
    });
    futures::future::join_all(queries).await;
    assert_eq!((done.load(SeqCst), fake.most_at_once()), (16, AT_ONCE));
}

#[tokio::test]
async fn what_an_endpoint_repeats_of_our_secrets_is_masked() {
    let fake = Fake::start(|asked: Asked| async move {
        let told = asked.headers["authorization"].to_str().unwrap().to_owned();
        (StatusCode::BAD_REQUEST, format!(r#"{{"status":"error","errorType":"bad_data","error":"who is\n{told}?"}}"#).replace('\n', "\\n"))
    })
    .await;
    let client = fake.client_of(Endpoint { auth: Auth::Bearer { token: Secret::new("hunter2") }, ..Endpoint::new(&fake.url) });
    assert_eq!(client.query("up", AT).await, Err(PromError::BadQuery("who is Bearer •••?".to_owned())));
}

#[tokio::test]
async fn who_answers_is_asked_for_its_version() {
    let fake = answering(200, r#"{"status":"success","data":{"application":"Grafana Mimir","version":"2.17.0","revision":"x","features":{}}}"#).await;
    let wanted = BuildInfo { version: "2.17.0".to_owned(), application: Some("Grafana Mimir".to_owned()) };
    assert_eq!(fake.client().buildinfo().await, Ok(wanted));
    assert_eq!(fake.asked()[0].method, "GET");
}

/// Serves one answer per connection over TLS; its key was made for this test alone.
fn over_tls() -> u16 {
    use rustls::{
        ServerConfig, ServerConnection, Stream,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    };
    use std::io::{Read, Write};
    let chain = vec![CertificateDer::from_pem_slice(include_bytes!("../../../../tests/fixtures/tls/server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../../tests/fixtures/tls/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let mut tls = ServerConnection::new(config.clone()).unwrap();
            let mut stream = Stream::new(&mut tls, &mut tcp);
            // Whoever does not trust us ends the handshake here.
            if stream.read(&mut [0; 4_096]).is_ok() {
                let body = r#"{"status":"success","data":{"version":"2.42.0"}}"#;
                let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_only_where_it_was_given() {
    let url = format!("https://127.0.0.1:{}", over_tls());
    let authority = include_str!("../../../../tests/fixtures/tls/authority.pem").to_owned();
    let trusting = Endpoint { ca_pem: Some(authority), timeout_secs: 5, ..Endpoint::new(&url) };
    let client = Client::new(&trusting, Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"));
    assert_eq!(client.buildinfo().await.map(|info| info.version), Ok("2.42.0".to_owned()));

    let stranger = Client::new(&Endpoint { ca_pem: None, ..trusting }, Clock::fixed(NOON)).unwrap_or_else(|faults| panic!("{faults:?}"));
    let error = stranger.buildinfo().await.expect_err("nobody vouches for it");
    assert!(matches!(&error, PromError::Unreachable(words) if words.contains("certificate")), "{error}");
}
