// The billing service's webhook.
#include "api_world.hpp"
#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using namespace std::chrono_literals;

namespace {

const std::string secret = "0123456789abcdef0123456789abcdef";
const std::string other_secret = "fedcba9876543210fedcba9876543210";

struct BillingWorld : ApiWorld {
    BillingWorld()
        : ApiWorld({.billing_secrets = {base::Secret(other_secret), base::Secret(secret)}}) {}

    std::string alice_id = get("/api/me").body["id"];

    std::string signature(const std::string& body, base::TimePoint at,
                          const std::string& key = secret) {
        const auto seconds =
            std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
        const std::string time = std::to_string(seconds);
        return "t=" + time + ",v1=" + base::hex_encode(crypto::hmac_sha256(key, time + "." + body));
    }
    ApiResponse send(const std::string& body, const std::string& header) {
        return call("POST", "/hooks/billing", "", body, {{"X-Billing-Signature", header}});
    }
    ApiResponse send(const base::Json& body) {
        return send(body.dump(), signature(body.dump(), clock.now()));
    }
    base::Json event(const std::string& id, base::TimePoint created, const std::string& plan) {
        return {{"id", id},
                {"createdAt", base::format_time(created)},
                {"userId", alice_id},
                {"plan", plan},
                {"periodEnd", base::format_time(clock.now() + 720h)}};
    }
    std::string plan() { return get("/api/me").body["subscription"]["plan"]; }
};

}  // namespace

TEST_CASE("a signed event sets the plan of its user") {
    BillingWorld world;
    const auto answer = world.send(world.event("evt_1", world.clock.now(), "pro"));
    CAPTURE(answer.text);
    CHECK(answer.status == 200);
    CHECK(answer.body["effect"] == "applied");
    CHECK(answer.body["userId"] == world.alice_id);
    CHECK(answer.body["subscription"]["plan"] == "pro");
    const auto me = world.get("/api/me").body["subscription"];
    CHECK(me["plan"] == "pro");
    CHECK(me["standing"] == "active");
}

TEST_CASE("a user may be named by the e-mail address, whatever its case") {
    BillingWorld world;
    auto event = world.event("evt_1", world.clock.now(), "starter");
    event.erase("userId");
    event["email"] = "Alice@Example.org";
    CHECK(world.send(event).status == 200);
    CHECK(world.plan() == "starter");
}

TEST_CASE("an event counts once") {
    BillingWorld world;
    const auto event = world.event("evt_1", world.clock.now() - 10s, "pro");
    CHECK(world.send(event).body["effect"] == "applied");
    CHECK(world.send(world.event("evt_2", world.clock.now() - 5s, "starter")).body["effect"] ==
          "applied");
    const auto again = world.send(event);
    CHECK(again.status == 200);
    CHECK(again.body["effect"] == "repeated");
    CHECK(again.body["subscription"]["plan"] == "starter");
    const auto other = world.send(world.event("evt_1", world.clock.now(), "enterprise"));
    CHECK(other.status == 409);
    CHECK(other.code() == "conflict");
    CHECK(world.plan() == "starter");
}

TEST_CASE("older news do not overwrite newer ones, nor an operator's word") {
    BillingWorld world;
    const auto now = world.clock.now();
    CHECK(world.send(world.event("evt_2", now - 10s, "pro")).body["effect"] == "applied");
    const auto late = world.send(world.event("evt_1", now - 20s, "starter"));
    CHECK(late.status == 200);
    CHECK(late.body["effect"] == "outdated");
    CHECK(late.body["subscription"]["plan"] == "pro");
    CHECK(world.plan() == "pro");
    // Of the same moment: in the order of their coming.
    CHECK(world.send(world.event("evt_3", now - 10s, "starter")).body["effect"] == "applied");
    REQUIRE(world.subscriptions->set(base::UserId(world.alice_id),
                                     {.plan = core::PlanName::enterprise}));
    CHECK(world.send(world.event("evt_4", now - 5s, "pro")).body["effect"] == "outdated");
    CHECK(world.plan() == "enterprise");
    CHECK(world.send(world.event("evt_5", world.clock.now(), "pro")).body["effect"] == "applied");
}

TEST_CASE("what is not signed, not by us, or not now has no effect") {
    BillingWorld world;
    const std::string body = world.event("evt_1", world.clock.now(), "pro").dump();
    const auto now = world.clock.now();
    const std::string good = world.signature(body, now);
    const std::vector<std::pair<std::string, std::string>> headers = {
        {"nothing", ""},
        {"no time", good.substr(good.find("v1="))},
        {"no signature", good.substr(0, good.find(','))},
        {"another secret", world.signature(body, now, "another secret of any length")},
        {"another body", world.signature(body + " ", now)},
        {"another time", "t=2" + good.substr(3)},
        {"too old", world.signature(body, now - 301s)},
        {"too far ahead", world.signature(body, now + 303s)},
        {"upper case", "t=1,v1=" + std::string(64, 'A')},
        {"too short", "t=1,v1=" + std::string(63, 'a')},
        {"two times", good + ",t=5"},
        {"endless", std::string(5'000, 'v')},
    };
    for (const auto& [name, header] : headers) {
        CAPTURE(name);
        const auto answer = world.send(body, header);
        CHECK(answer.status == 401);
        CHECK(answer.code() == "unauthorized");
        CHECK(answer.text.find(secret) == std::string::npos);
    }
    CHECK(world.get("/api/me").body["subscription"]["standing"] == "none");
    // Nobody's attempts do not fill the audit log.
    CHECK(world.audit->find({})->items.empty());
}

TEST_CASE("while one secret takes the place of another both of them sign") {
    BillingWorld world;
    const std::string first = world.event("evt_1", world.clock.now(), "pro").dump();
    CHECK(world.send(first, world.signature(first, world.clock.now(), other_secret)).status == 200);
    const std::string second = world.event("evt_2", world.clock.now(), "starter").dump();
    auto both = world.signature(second, world.clock.now());
    both += ",v1=" + std::string(64, '0') + ",v0=ignored";
    CHECK(world.send(second, both).status == 200);
}

TEST_CASE("a signed event that makes no sense names what is wrong") {
    BillingWorld world;
    const auto good = world.event("evt_1", world.clock.now(), "pro");
    const auto with = [&](const std::string& field, const base::Json& value) {
        auto changed = good;
        changed[field] = value;
        return changed;
    };
    const auto without = [&](const std::string& field) {
        auto changed = good;
        changed.erase(field);
        return changed;
    };
    struct Case {
        base::Json body;
        const char* fields;
    };
    const std::vector<Case> cases = {
        {with("plan", "gold"), "plan"},
        {with("plan", nullptr), "plan"},
        {without("plan"), "plan"},
        {with("id", ""), "id"},
        {with("id", std::string(201, 'x')), "id"},
        {with("id", "a b"), "id"},
        {without("id"), "id"},
        {with("createdAt", "yesterday"), "createdAt"},
        {with("createdAt", base::format_time(world.clock.now() + 1h)), "createdAt"},
        {without("createdAt"), "createdAt"},
        {with("userId", "alice"), "userId"},
        {without("userId"), "userId"},
        {with("email", "a@example.org"), "userId"},
        {with("periodEnd", "2027"), "periodEnd"},
        {without("periodEnd"), "periodEnd"},
        {with("status", "late"), "status"},
        {with("amount", 5), "amount"},
    };
    for (const auto& test : cases) {
        CAPTURE(test.body.dump());
        const auto answer = world.send(test.body);
        CHECK(answer.status == 422);
        CHECK(answer.code() == "invalid_input");
        CHECK(answer.wrong_fields() == test.fields);
    }
    CHECK(world.send("{", world.signature("{", world.clock.now())).status == 400);
}

TEST_CASE("an event of an unknown user is a 404 and may be sent again later") {
    BillingWorld world;
    auto event = world.event("evt_1", world.clock.now(), "pro");
    event.erase("userId");
    event["email"] = "new@example.org";
    const auto unknown = world.send(event);
    CHECK(unknown.status == 404);
    CHECK(unknown.code() == "not_found");
    CHECK(unknown.wrong_fields() == "email");
    (void)world.make_token("new@example.org", {});
    CHECK(world.send(event).body["effect"] == "applied");
    auto nobody = world.event("evt_2", world.clock.now(), "pro");
    nobody["userId"] = "019a0000-0000-7000-8000-000000000000";
    CHECK(world.send(nobody).status == 404);
}

TEST_CASE("signed events are in the audit log, refused ones too") {
    BillingWorld world;
    (void)world.send(world.event("evt_1", world.clock.now(), "pro"));
    (void)world.send(world.event("evt_2", world.clock.now(), "gold"));
    const auto lines = world.audit->find({.action = "POST /hooks/billing"});
    REQUIRE(lines);
    REQUIRE(lines->items.size() == 2);
    CHECK(lines->items[1].entry.actor == store::AuditActor::billing);
    CHECK(lines->items[1].entry.target == world.alice_id + " plan=pro");
    CHECK(lines->items[1].entry.outcome == 200);
    CHECK(lines->items[0].entry.outcome == 422);
}

TEST_CASE("without a secret there is no webhook") {
    ApiWorld world;
    const auto answer = world.call("POST", "/hooks/billing", "", "{}",
                                   {{"X-Billing-Signature", "t=1,v1=" + std::string(64, 'a')}});
    CHECK(answer.status == 503);
    CHECK(answer.code() == "not_ready");
    CHECK(answer.header("Retry-After") == "600");
}

TEST_CASE("an event of any size but an event's is refused unread") {
    BillingWorld world;
    const auto answer =
        world.send(std::string((64U << 10U) + 1, ' '), world.signature("", world.clock.now()));
    CHECK(answer.status == 413);
    CHECK(world.audit->find({})->items.empty());
}

TEST_CASE("a webhook that has not been set up tells its sender to come back") {
    ApiWorld world;
    const auto answer = world.call("POST", "/hooks/billing", "", "{}");
    CHECK(answer.status == 503);
    CHECK(answer.header("Retry-After") == "600");
}
