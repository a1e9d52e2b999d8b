#include "reporting/sentry_event.hpp"

#include "base/json_value.hpp"
#include "core/sentry_dsn.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::reporting;

namespace {

const auto now = base::parse_time("2026-03-01T10:00:00Z").value();

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

}  // namespace

TEST_CASE("a DSN says where envelopes go, and what is none is refused without being repeated") {
    const std::pair<const char*, const char*> good[] = {
        {"https://abc123@o1.ingest.sentry.io/42", "https://o1.ingest.sentry.io/api/42/envelope/"},
        {"http://k@127.0.0.1:9000/1", "http://127.0.0.1:9000/api/1/envelope/"},
        {"https://k:old@sentry.example/deep/er/7",
         "https://sentry.example/deep/er/api/7/envelope/"},
    };
    for (const auto& [text, url] : good) {
        INFO(text);
        const auto dsn = core::parse_sentry_dsn(text);
        REQUIRE(dsn);
        CHECK(dsn->envelope_url == url);
    }
    CHECK(core::parse_sentry_dsn("https://abc123@h/42")->key.reveal() == "abc123");
    for (const char* text : {"", "abc123", "https://h/42", "https://@h/42", "https://k@h",
                             "https://k@h/", "https://k@/42", "ftp://k@h/42", "https://k@h/4 2",
                             "https://k\r\n@h/42", "https://k@h/42?x", "://", "@/"}) {
        INFO(text);
        const auto dsn = core::parse_sentry_dsn(text);
        REQUIRE_FALSE(dsn);
        if (std::string_view(text).size() > 5)
            CHECK(dsn.error().message.find(text) == std::string::npos);
    }
}

TEST_CASE("an envelope names the fault, where it was, and which release") {
    const auto lines =
        lines_of(sentry_envelope({.event = "step_threw",
                                  .fields = {{"step", "start_bot"},
                                             {"bot", "019a0000-0000-7000-8000-000000000001"},
                                             {"request", "abc-1"},
                                             {"what", "vector::at"}},
                                  .at = now},
                                 std::string(32, 'a'), "1.2.3", now));
    REQUIRE(lines.size() == 3);
    const auto head = base::Json::parse(lines[0]);
    const auto item = base::Json::parse(lines[1]);
    const auto event = base::Json::parse(lines[2]);
    CHECK(head["event_id"] == std::string(32, 'a'));
    CHECK(head["sent_at"] == "2026-03-01T10:00:00.000Z");
    CHECK(item["type"] == "event");
    CHECK(item["length"] == lines[2].size());
    CHECK(event["event_id"] == head["event_id"]);
    CHECK(event["release"] == "hatchery@1.2.3");
    CHECK(event["level"] == "error");
    CHECK(event["tags"]["request"] == "abc-1");
    CHECK(event["tags"]["step"] == "start_bot");
    CHECK(event["extra"]["bot"] == "019a0000-0000-7000-8000-000000000001");
    CHECK(event["message"]["formatted"] == "step_threw: vector::at");
    CHECK(event["fingerprint"] == base::Json({"step_threw", "start_bot"}));
    CHECK_FALSE(event.contains("user"));
    CHECK_FALSE(event.contains("server_name"));
}

TEST_CASE("a report has no personal data and no secret, whatever was logged") {
    const std::string token = "123456789:AAH9hVabcdefghijklmnopqrstuvwxyz012";
    const auto envelope = sentry_envelope(
        {.event = "route_threw",
         .fields = {{"what",
                     "no user ada.l+x@example.org at 203.0.113.7 or 2001:db8::17:4, token " +
                         token + " and hat_" + std::string(43, 'x') + "1"},
                    {"user", "019a0000-0000-7000-8000-00000000000f"},
                    {"email", "ada@example.org"},
                    {"address", "203.0.113.7"},
                    {"name", "Ada Lovelace"}},
         .at = now},
        std::string(32, 'a'), "1", now);
    INFO(envelope);
    for (const std::string& secret :
         {std::string("ada"), std::string("Ada"), std::string("203.0"), std::string("2001:db8"),
          token, std::string("AAH9hV"), std::string("hat_x"), std::string("00000000000f")}) {
        CHECK(envelope.find(secret) == std::string::npos);
    }
    CHECK(envelope.find("[address]") != std::string::npos);
    CHECK(envelope.find("[masked]") != std::string::npos);
}

TEST_CASE("text is cut, and stays text") {
    CHECK(scrubbed(std::string(10'000, ' ')).size() == 500);
    CHECK(base::Json(scrubbed("a\xff\xfe")).dump() != "");
    CHECK(scrubbed("what a step did: 5 of 7, see src/engine/job_runner.cpp:25") ==
          "what a step did: 5 of 7, see src/engine/job_runner.cpp:25");
    CHECK(scrubbed("") == "");
}

TEST_CASE("secrets and addresses are masked in every spelling, routes and paths are not") {
    const std::pair<const char*, const char*> rows[] = {
        {"ip=10.0.0.5", "ip=[address]"},
        {"from=10.0.0.5:443 to=2001:db8::1", "from=[address] to=[address]"},
        {"user=ada@example.org", "user=[address]"},
        {"key=AAH9hVabcdefghijklm0123", "key=[masked]"},
        {"q3J0/Zm9vYmFy/c2VjcmV0/dG9r1Q==", "[masked]"},
        {"/Zm9vYmFy/c2VjcmV0/dG9rZW4x+A", "[masked]"},
        {"secret=Zm9v/YmFyc2VjcmV0/dG9rZW4x", "secret=[masked]"},
        {"/api/deploy/:botId/status", "/api/deploy/:botId/status"},
        {"/api/bots/019a0000/logs/0123456789", "/api/bots/019a0000/logs/0123456789"},
        {"/usr/lib/x86_64-linux-gnu/libpq.so.5", "/usr/lib/x86_64-linux-gnu/libpq.so.5"},
        {"attempt=3 of=5", "attempt=3 of=5"},
        {"a==b", "a==b"},
    };
    for (const auto& [text, clean] : rows) {
        INFO(text);
        CHECK(scrubbed(text) == clean);
    }
}
