//! Scratch: drives the kinds against an emulator.
#![allow(clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout, clippy::allow_attributes, clippy::allow_attributes_without_reason)]
use auroractl_aws::{Aws, session::Options};
use auroractl_core::identity::{self, Identity, StackId};
use auroractl_core::{diff::Context, kind::Sides, *};
use auroractl_engine::{kind::{Edit, RawAsk}, *};
use auroractl_network::*;
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};

struct Rec { spec: Value, outputs: Value }
type Recs = BTreeMap<Address, Rec>;
fn stack() -> StackId { StackId { name: "orders".into(), account: "123456789012".into(), region: "us-east-1".into() } }
fn me(reg: &Registry<Aws>, lineage: &str, at: &Address, spec: &Value) -> Identity {
    let oid = identity::oid(lineage, at, 0);
    let name = match reg.get(at.kind()).unwrap().naming(spec).unwrap() { Naming::Derived(r) => r.name("orders", "us-east-1", at, &oid), _ => String::new() };
    Identity { stack: stack(), lineage: lineage.into(), address: at.clone(), generation: 0, oid, name }
}
fn calls(trace: &str, from: usize) -> (usize, BTreeMap<String, usize>) {
    let text = std::fs::read_to_string(trace).unwrap_or_default();
    let mut n = BTreeMap::new();
    for line in text.lines().skip(from) { let v: Value = serde_json::from_str(line).unwrap(); *n.entry(format!("{}:{} {}", v["service"].as_str().unwrap_or("?"), v["action"].as_str().unwrap_or("?"), v["status"])).or_default() += 1; }
    (text.lines().count(), n)
}
async fn survey(aws: &Aws, reg: &Registry<Aws>, asks: Vec<RawAsk>) -> BTreeMap<Address, Observed> {
    let look = Look::new();
    let mut by: BTreeMap<String, Vec<RawAsk>> = BTreeMap::new();
    for a in asks { by.entry(a.identity.address.kind().into()).or_default().push(a); }
    let l = &look;
    let all = futures::future::join_all(by.into_iter().map(|(k, asks)| async move {
        let seen = reg.get(&k).unwrap().survey(aws, l, &asks).await.unwrap_or_else(|e| panic!("{k}: {e}"));
        asks.into_iter().map(|a| a.identity.address).zip(seen).collect::<Vec<_>>()
    })).await;
    all.into_iter().flatten().collect()
}
fn known(recs: &Recs, spec: &Value) -> Value { reference::resolve(spec, &|p| recs.get(&p.of)?.outputs.get(&p.output).cloned()) }
fn report(reg: &Registry<Aws>, want: &BTreeMap<Address, Value>, seen: &BTreeMap<Address, Observed>, lineage: &str) {
    let mut bad = 0;
    for (at, spec) in want {
        let Some(Observed::Live(live)) = seen.get(at) else { println!("  !! {at}: {:?}", seen.get(at)); bad += 1; continue };
        let d = reg.get(at.kind()).unwrap().diff(Sides { applied: Some(spec), observed: &live.spec, desired: spec }, Context { address: at, observed: seen }).unwrap();
        let own = live.owner == Owner::Inherited || live.owner == Owner::Oid(identity::oid(lineage, at, 0));
        if !d.is_empty() || live.readiness != Readiness::Ready || !own { bad += 1; println!("  !! {at}: {:?} {:?} {d:#?}", live.readiness, live.owner); }
    }
    println!("  {} of {} differ", bad, want.len());
}
fn desired() -> Graph {
    let mut d = Desired::new(stack());
    let tags = Tags::from([("Application".into(), "orders".into())]);
    let vpc = d.add("main", &Vpc { cidr_block: "10.0.0.0/16".parse().unwrap(), enable_dns_support: true, enable_dns_hostnames: true, tags: tags.clone() }).unwrap();
    let igw = d.add("main", &InternetGateway { tags: tags.clone() }).unwrap();
    let att = d.add("main", &InternetGatewayAttachment { internet_gateway_id: igw.out(), vpc_id: vpc.out() }).unwrap();
    let zones: Vec<String> = ["a", "b", "c"].iter().map(|z| format!("us-east-1{z}")).collect();
    let lay = cidr::layout("10.0.0.0/16".parse().unwrap(), &zones).unwrap();
    let rt_pub = d.add("public", &RouteTable { vpc_id: vpc.out(), tags: tags.clone() }).unwrap();
    d.add("public.default", &Route { route_table_id: rt_pub.out(), destination_cidr_block: "0.0.0.0/0".parse().unwrap(), target: RouteTarget::InternetGateway(att.out()) }).unwrap();
    let (mut privs, mut tables) = (BTreeSet::new(), BTreeSet::new());
    for (z, b) in &lay {
        let l = &z[9..];
        let sub = |c, map| Subnet { vpc_id: vpc.out(), cidr_block: c, availability_zone: z.clone(), map_public_ip_on_launch: map, tags: tags.clone() };
        let public = d.add(&format!("public-{l}"), &sub(b.public, true)).unwrap();
        let private = d.add(&format!("private-{l}"), &sub(b.private, false)).unwrap();
        d.add(&format!("public-{l}"), &RouteTableAssociation { route_table_id: rt_pub.out(), subnet_id: public.out() }).unwrap();
        let eip = d.add(&format!("nat-{l}"), &ElasticIp { tags: tags.clone() }).unwrap();
        let nat = d.add(l, &NatGateway { subnet_id: public.out(), allocation_id: eip.out(), tags: tags.clone() }).unwrap();
        d.after(&nat, &att);
        let rt = d.add(&format!("private-{l}"), &RouteTable { vpc_id: vpc.out(), tags: tags.clone() }).unwrap();
        d.add(&format!("private-{l}.default"), &Route { route_table_id: rt.out(), destination_cidr_block: "0.0.0.0/0".parse().unwrap(), target: RouteTarget::NatGateway(nat.out()) }).unwrap();
        d.add(&format!("private-{l}"), &RouteTableAssociation { route_table_id: rt.out(), subnet_id: private.out() }).unwrap();
        privs.insert(private.out()); tables.insert(rt.out());
    }
    let sg = |t: &str| SecurityGroup { vpc_id: vpc.out(), description: t.into(), allow_all_egress: t == "open", vpc_has_ipv6: false, tags: tags.clone() };
    let db = d.add("db", &sg("database")).unwrap();
    let app = d.add("app", &sg("applications")).unwrap();
    let vpce = d.add("endpoints", &sg("open")).unwrap();
    let rule = |g: &Handle<SecurityGroup>, direction, traffic, peer, t: &str| SecurityGroupRule { group_id: g.out(), direction, traffic, peer, description: Some(t.into()), tags: tags.clone() };
    d.add("db-from-app", &rule(&db, Direction::Ingress, Traffic::tcp(5432), Peer::SecurityGroup(app.out()), "from app")).unwrap();
    d.add("db-from-office", &rule(&db, Direction::Ingress, Traffic::tcp(5432), Peer::CidrIpv4("10.20.0.0/16".parse().unwrap()), "office")).unwrap();
    d.add("endpoints-from-vpc", &rule(&vpce, Direction::Ingress, Traffic::tcp(443), Peer::CidrIpv4("10.0.0.0/16".parse().unwrap()), "vpc")).unwrap();
    d.add("app-to-db", &rule(&app, Direction::Egress, Traffic::tcp(5432), Peer::SecurityGroup(db.out()), "to db")).unwrap();
    d.add("s3", &VpcEndpoint { tags: tags.clone(), ..VpcEndpoint::gateway(vpc.out(), "com.amazonaws.us-east-1.s3".into(), tables) }).unwrap();
    for s in ["secretsmanager", "logs"] {
        d.add(s, &VpcEndpoint { tags: tags.clone(), ..VpcEndpoint::interface(vpc.out(), format!("com.amazonaws.us-east-1.{s}"), privs.clone(), [vpce.out()].into()) }).unwrap();
    }
    d.add("main", &DbSubnetGroup { vpc_id: vpc.out(), description: "orders".into(), subnet_ids: privs, tags }).unwrap();
    d.check().unwrap()
}
#[tokio::main]
async fn main() {
    let trace = std::env::args().nth(1).unwrap();
    let _ = std::fs::remove_file(&trace);
    let lineage = format!("l{}", std::process::id());
    let aws = Aws::connect(Options { region: "us-east-1".into(), account: None, profile: None, assume_role: None, trace_file: Some(trace.clone().into()), clock: Clock::scaled(20.0) }).await.unwrap();
    let reg: Registry<Aws> = Registry::new(&[KINDS]);
    let graph = desired();
    println!("{} resources", graph.order().len());
    if std::env::args().nth(2).is_some() { return strangers(&aws, &reg, &graph, &lineage).await; }
    let (mut n, _) = calls(&trace, 0);
    let mut recs = Recs::new();
    let mut want = BTreeMap::new();
    let mut pending = Vec::new();
    for at in graph.order() {
        let spec = known(&recs, &graph.node(at).unwrap().spec);
        let id = me(&reg, &lineage, at, &spec);
        let k = reg.get(at.kind()).unwrap();
        let done = k.create(&aws, &id, &spec).await.unwrap_or_else(|e| panic!("create {at}: {e:?}"));
        recs.insert(at.clone(), Rec { spec: spec.clone(), outputs: done.outputs.clone() });
        want.insert(at.clone(), spec.clone());
        if !done.ready {
            pending.push(at.clone());
            if matches!(at.kind(), "vpc" | "nat_gateway") { for i in 0.. {
                let seen = survey(&aws, &reg, vec![RawAsk { identity: id.clone(), spec: spec.clone(), outputs: Some(recs[at].outputs.clone()) }]).await;
                match &seen[at] { Observed::Live(l) if l.readiness == Readiness::Ready => { recs.get_mut(at).unwrap().outputs = l.outputs.clone(); break }, o if i > 100 => panic!("{o:?}"), _ => aws.clock().sleep(std::time::Duration::from_secs(5)).await }
            } }
        }
    }
    let (m, c) = calls(&trace, n); n = m; println!("create: {c:#?}\npending: {pending:?}");
    aws.clock().sleep(std::time::Duration::from_secs(60)).await;
    let ask_all = |recs: &Recs, outputs: bool| recs.iter().map(|(at, r)| RawAsk { identity: me(&reg, &lineage, at, &r.spec), spec: r.spec.clone(), outputs: outputs.then(|| r.outputs.clone()) }).collect::<Vec<_>>();
    println!("survey recorded:");
    let seen = survey(&aws, &reg, ask_all(&recs, true)).await; report(&reg, &want, &seen, &lineage);
    let (m, c) = calls(&trace, n); n = m; println!("  calls {} {c:?}", c.values().sum::<usize>());
    for (at, o) in &seen { if let Some(l) = o.live() { recs.get_mut(at).unwrap().outputs = l.outputs.clone(); } }
    println!("survey search:");
    let seen2 = survey(&aws, &reg, ask_all(&recs, false)).await; report(&reg, &want, &seen2, &lineage);
    let (m, c) = calls(&trace, n); n = m; println!("  calls {} {c:?}", c.values().sum::<usize>());
    println!("create again:");
    for at in graph.order() {
        if matches!(at.kind(), "vpc" | "internet_gateway" | "elastic_ip") { continue }
        let r = &recs[at];
        let again = reg.get(at.kind()).unwrap().create(&aws, &me(&reg, &lineage, at, &r.spec), &r.spec).await;
        match again { Ok(d) => println!("  {at}: ok, same outputs {}", d.outputs == r.outputs), Err(e) => println!("  {at}: {:?} {:?} {}", e.class, e.code, e.message) }
    }
    let (m, _) = calls(&trace, n); n = m;
    println!("edits:");
    let edits: Vec<(&str, Vec<(&str, Value)>)> = vec![
        ("vpc.main", vec![("/enable_dns_hostnames", json!(false)), ("/tags", json!({"New": "1"}))]),
        ("subnet.public-a", vec![("/map_public_ip_on_launch", json!(false)), ("/tags", json!({}))]),
        ("internet_gateway.main", vec![("/tags", json!({"New": "1"}))]),
        ("elastic_ip.nat-a", vec![("/tags", json!({"New": "1"}))]),
        ("nat_gateway.a", vec![("/tags", json!({"New": "1"}))]),
        ("route_table.public", vec![("/tags", json!({"New": "1"}))]),
        ("route.private-a.default", vec![("/target", json!({"nat_gateway": recs[&"nat_gateway.b".parse().unwrap()].outputs["nat_gateway_id"]}))]),
        ("route_table_association.private-a", vec![("/route_table_id", recs[&"route_table.private-b".parse().unwrap()].outputs["route_table_id"].clone())]),
        ("security_group.db", vec![("/allow_all_egress", json!(true)), ("/tags", json!({"New": "1"}))]),
        ("security_group.endpoints", vec![("/allow_all_egress", json!(false))]),
        ("security_group_rule.db-from-app", vec![("/traffic/from_port", json!(5433)), ("/traffic/to_port", json!(5433)), ("/description", json!("edited")), ("/tags", json!({"New": "1"}))]),
        ("security_group_rule.db-from-office", vec![("/peer", json!({"cidr_ipv4": "10.21.0.0/16"}))]),
        ("vpc_endpoint.s3", vec![("/route_table_ids", json!([recs[&"route_table.private-a".parse().unwrap()].outputs["route_table_id"]]))]),
        ("vpc_endpoint.logs", vec![("/subnet_ids", json!([recs[&"subnet.private-a".parse().unwrap()].outputs["subnet_id"]])), ("/tags", json!({"New": "1"}))]),
        ("vpc_endpoint.secretsmanager", vec![("/policy_document", json!(PolicyDocument::parse(r#"{"Statement":[{"Effect":"Allow","Action":"*","Principal":"*","Resource":"*"}]}"#).unwrap()))]),
        ("db_subnet_group.main", vec![("/description", json!("edited")), ("/tags", json!({"New": "1"}))]),
    ];
    for (at, fields) in edits {
        let at: Address = at.parse().unwrap();
        let k = reg.get(at.kind()).unwrap();
        let mut to = recs[&at].spec.clone();
        for (p, v) in fields { let (dir, last) = p.rsplit_once('/').unwrap(); to.pointer_mut(dir).unwrap()[last] = v; }
        let live = seen[&at].live().unwrap();
        let id = me(&reg, &lineage, &at, &to);
        match k.update(&aws, &id, Edit { from: live, to: &to }).await {
            Err(e) => { println!("  !! {at}: {e}"); continue }
            Ok(d) => { recs.insert(at.clone(), Rec { spec: to.clone(), outputs: d.outputs }); }
        }
        let (m, c) = calls(&trace, n); n = m; println!("  {at}: {c:?}");
        let again = survey(&aws, &reg, vec![RawAsk { identity: id, spec: to.clone(), outputs: Some(recs[&at].outputs.clone()) }]).await;
        report(&reg, &[(at.clone(), to)].into(), &again, &lineage);
        let (m, _) = calls(&trace, n); n = m;
    }
    println!("existing:");
    let g = |at: &str, o: &str| recs[&at.parse().unwrap()].outputs[o].as_str().unwrap().to_owned();
    let ids = |subnets: &[&str]| existing::ExistingIds { vpc_id: g("vpc.main", "vpc_id").into(), subnet_ids: subnets.iter().map(|s| if s.contains('.') { g(s, "subnet_id").into() } else { (*s).into() }).collect(), security_group_ids: vec![g("security_group.db", "group_id").into(), "sg-0000000000000000f".into()] };
    for subnets in [&["subnet.private-a", "subnet.private-b"][..], &["subnet.public-a", "subnet.private-a", "subnet-0000000000000000f"][..]] {
        match existing::verify(&aws, &Look::new(), &ids(subnets)).await.unwrap() { Ok(f) => println!("  {f:?}"), Err(p) => for p in p { println!("  {p}\n    hint: {}", p.hint()) } }
    }
    println!("  gone vpc: {:?}", existing::verify(&aws, &Look::new(), &existing::ExistingIds { vpc_id: "vpc-0000000000000000f".into(), ..ids(&[]) }).await.unwrap());
    println!("  zones {:?}", zones::available(&aws, &Look::new()).await.unwrap());
    let (m, _) = calls(&trace, n); n = m;
    println!("delete:");
    for at in graph.order().iter().rev() {
        let r = &recs[at];
        let id = me(&reg, &lineage, at, &r.spec);
        let k = reg.get(at.kind()).unwrap();
        for round in 0..2 {
            match k.delete(&aws, &id, (&r.spec, &r.outputs)).await { Err(e) => println!("  !! {at} round {round}: {e}"), Ok(Ending::Gone) => {}, Ok(Ending::Going) => for i in 0.. {
                let s = survey(&aws, &reg, vec![RawAsk { identity: id.clone(), spec: r.spec.clone(), outputs: Some(r.outputs.clone()) }]).await;
                if s[at] == Observed::Absent { break } if i > 60 { println!("  !! {at} still {:?}", s[at]); break }
                aws.clock().sleep(std::time::Duration::from_secs(10)).await;
            } }
        }
    }
    let (m, c) = calls(&trace, n); n = m; let _ = n; println!("  calls {c:?}");
    let seen = survey(&aws, &reg, ask_all(&recs, true)).await;
    println!("left: {:?}", seen.iter().filter(|(_, o)| **o != Observed::Absent).map(|(a, _)| a).collect::<Vec<_>>());
}

async fn strangers(aws: &Aws, reg: &Registry<Aws>, graph: &Graph, lineage: &str) {
    let mut recs = Recs::new();
    let want = ["vpc.main", "internet_gateway.main", "subnet.private-a", "route_table.private-a", "security_group.db"];
    for at in graph.order() {
        if !want.contains(&at.as_str()) { continue }
        let spec = known(&recs, &graph.node(at).unwrap().spec);
        if at.as_str() == "subnet.private-a" {
            let v = recs[&"vpc.main".parse().unwrap()].outputs["vpc_id"].as_str().unwrap();
            let s = aws.ec2().create_subnet().vpc_id(v).cidr_block("10.0.0.0/20").send().await.unwrap();
            let id = me(reg, lineage, at, &spec);
            let e = reg.get("subnet").unwrap().create(aws, &id, &spec).await.unwrap_err();
            let seen = survey(aws, reg, vec![RawAsk { identity: id, spec: spec.clone(), outputs: None }]).await;
            println!("stranger subnet: {:?} -> {:?}", e.class, seen[at].live().map(|l| &l.owner));
            aws.ec2().delete_subnet().subnet_id(s.subnet().unwrap().subnet_id().unwrap()).send().await.unwrap();
        }
        if at.as_str() == "security_group.db" {
            let v = recs[&"vpc.main".parse().unwrap()].outputs["vpc_id"].as_str().unwrap();
            let id = me(reg, lineage, at, &spec);
            let s = aws.ec2().create_security_group().vpc_id(v).group_name(&id.name).description("x").send().await.unwrap();
            let e = reg.get("security_group").unwrap().create(aws, &id, &spec).await.unwrap_err();
            let seen = survey(aws, reg, vec![RawAsk { identity: id, spec: spec.clone(), outputs: None }]).await;
            println!("stranger group: {:?} -> {:?}", e.class, seen[at].live().map(|l| &l.owner));
            aws.ec2().delete_security_group().group_id(s.group_id().unwrap()).send().await.unwrap();
        }
        let id = me(reg, lineage, at, &spec);
        let done = reg.get(at.kind()).unwrap().create(aws, &id, &spec).await.unwrap();
        recs.insert(at.clone(), Rec { spec, outputs: done.outputs });
    }
    let g = |at: &str, o: &str| recs[&at.parse().unwrap()].outputs[o].as_str().unwrap().to_owned();
    // the gateway attached to a stranger's VPC
    let other = aws.ec2().create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap().vpc().unwrap().vpc_id().unwrap().to_owned();
    aws.ec2().attach_internet_gateway().vpc_id(&other).internet_gateway_id(g("internet_gateway.main", "internet_gateway_id")).send().await.unwrap();
    let at: Address = "internet_gateway_attachment.main".parse().unwrap();
    let spec = known(&recs, &graph.node(&at).unwrap().spec);
    let id = me(reg, lineage, &at, &spec);
    let k = reg.get(at.kind()).unwrap();
    let e = k.create(aws, &id, &spec).await.unwrap_err();
    let seen = survey(aws, reg, vec![RawAsk { identity: id.clone(), spec: spec.clone(), outputs: None }]).await;
    let live = seen[&at].live().unwrap();
    println!("attached elsewhere: {:?} -> {:?} {} -> update {}", e.class, live.owner, live.spec, k.update(aws, &id, Edit { from: live, to: &spec }).await.unwrap_err());
    // the association moved to a stranger's table
    let at: Address = "route_table_association.private-a".parse().unwrap();
    let spec = known(&recs, &graph.node(&at).unwrap().spec);
    let id = me(reg, lineage, &at, &spec);
    let k = reg.get(at.kind()).unwrap();
    let foreign = aws.ec2().create_route_table().vpc_id(g("vpc.main", "vpc_id")).send().await.unwrap().route_table().unwrap().route_table_id().unwrap().to_owned();
    aws.ec2().associate_route_table().route_table_id(&foreign).subnet_id(g("subnet.private-a", "subnet_id")).send().await.unwrap();
    let ask = |outputs| vec![RawAsk { identity: id.clone(), spec: spec.clone(), outputs }];
    let seen = survey(aws, reg, ask(None)).await;
    let live = seen[&at].live().unwrap();
    println!("foreign table: create {:?}; found {} {:?}", k.create(aws, &id, &spec).await.map(|d| d.outputs).map_err(|e| (e.class, e.code)), live.spec, live.owner);
    let done = k.update(aws, &id, Edit { from: live, to: &spec }).await.unwrap();
    report(reg, &[(at.clone(), spec.clone())].into(), &survey(aws, reg, ask(Some(done.outputs))).await, lineage);
    // stripped tags
    for at in want {
        let at: Address = at.parse().unwrap();
        let r = &recs[&at];
        let id = me(reg, lineage, &at, &r.spec);
        let phys = r.outputs.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        aws.ec2().delete_tags().resources(&phys).set_tags(Some(["stack", "lineage", "address", "id"].iter().map(|k| aws_sdk_ec2::types::Tag::builder().key(format!("auroractl:{k}")).build()).collect())).send().await.unwrap();
        let ask = || vec![RawAsk { identity: id.clone(), spec: r.spec.clone(), outputs: Some(r.outputs.clone()) }];
        let seen = survey(aws, reg, ask()).await;
        let live = seen[&at].live().unwrap_or_else(|| panic!("{at} stripped reads as {:?}", seen[&at]));
        let stripped = live.owner.clone();
        reg.get(at.kind()).unwrap().update(aws, &id, Edit { from: live, to: &r.spec }).await.unwrap();
        let after = survey(aws, reg, ask()).await;
        println!("stripped {at}: {stripped:?} -> restored {}", after[&at].live().unwrap().owner == Owner::Oid(id.oid.clone()));
    }
    // a group that a crash left open
    let at: Address = "security_group.db".parse().unwrap();
    let r = &recs[&at];
    let id = me(reg, lineage, &at, &r.spec);
    let all = aws_sdk_ec2::types::IpPermission::builder().ip_protocol("-1").ip_ranges(aws_sdk_ec2::types::IpRange::builder().cidr_ip("0.0.0.0/0").build()).build();
    aws.ec2().authorize_security_group_egress().group_id(g("security_group.db", "group_id")).ip_permissions(all).send().await.unwrap();
    let ask = || vec![RawAsk { identity: id.clone(), spec: r.spec.clone(), outputs: None }];
    let seen = survey(aws, reg, ask()).await;
    let live = seen[&at].live().unwrap();
    println!("left open: {}", live.spec["allow_all_egress"]);
    reg.get(at.kind()).unwrap().update(aws, &id, Edit { from: live, to: &r.spec }).await.unwrap();
    report(reg, &[(at.clone(), r.spec.clone())].into(), &survey(aws, reg, ask()).await, lineage);
    // a rule deleted without an id
    let at: Address = "security_group_rule.db-from-office".parse().unwrap();
    let spec = known(&recs, &graph.node(&at).unwrap().spec);
    let id = me(reg, lineage, &at, &spec);
    let k = reg.get(at.kind()).unwrap();
    let done = k.create(aws, &id, &spec).await.unwrap();
    println!("rule outputs {}", done.outputs);
    for _ in 0..2 { println!("  delete by tuple: {:?}", k.delete(aws, &id, (&spec, &done.outputs)).await); }
    println!("  then {:?}", survey(aws, reg, vec![RawAsk { identity: id.clone(), spec: spec.clone(), outputs: Some(done.outputs) }]).await[&at]);
    // an address released twice
    let at: Address = "elastic_ip.nat-a".parse().unwrap();
    let spec = known(&recs, &graph.node(&at).unwrap().spec);
    let id = me(reg, lineage, &at, &spec);
    let k = reg.get(at.kind()).unwrap();
    let done = k.create(aws, &id, &spec).await.unwrap();
    for _ in 0..2 { println!("release: {:?}", k.delete(aws, &id, (&spec, &done.outputs)).await); }
    // an existing network that is fit
    let ids = existing::ExistingIds { vpc_id: g("vpc.main", "vpc_id").into(), subnet_ids: vec![g("subnet.private-a", "subnet_id").into()], security_group_ids: vec![] };
    let b = aws.ec2().create_subnet().vpc_id(g("vpc.main", "vpc_id")).cidr_block("10.0.16.0/20").availability_zone("us-east-1b").send().await.unwrap().subnet().unwrap().subnet_id().unwrap().to_owned();
    println!("one zone: {:?}", existing::verify(aws, &Look::new(), &ids).await.unwrap());
    let ids = existing::ExistingIds { subnet_ids: vec![ids.subnet_ids[0].clone(), b.as_str().into()], ..ids };
    println!("fit: {:?}", existing::verify(aws, &Look::new(), &ids).await.unwrap());
}
