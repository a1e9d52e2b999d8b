#include "../../unit/api/raw_client.hpp"
#include "api_world.hpp"
#include "dashboard/dashboard_files.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

/// The raw answer to one request.
std::string ask(const ApiWorld& world, const std::string& request_line,
                const std::string& fields = {}) {
    RawClient client(world.port());
    client.send(request_line + " HTTP/1.1\r\nHost: hatchery.example\r\n" + fields + "\r\n");
    return client.read_response();
}

bool has(const std::string& response, const std::string& text) {
    return response.find(text) != std::string::npos;
}

std::string asset_path(const std::string& ending) {
    for (const auto& file : dashboard::web_files()) {
        if (file.path.ends_with(ending)) return std::string(file.path);
    }
    FAIL("the dashboard has no file that ends with " << ending);
    return {};
}

}  // namespace

TEST_CASE("every address of the dashboard shows its page, under a strict policy, asked for anew") {
    ApiWorld world;
    for (const char* path :
         {"/", "/sign-in", "/new", "/admin", "/admin/fleet", "/bots/1/chat?a=b"}) {
        INFO(path);
        const auto page = ask(world, std::string("GET ") + path);
        CHECK(status_of(page) == 200);
        CHECK(has(page, "Content-Type: text/html; charset=utf-8\r\n"));
        CHECK(has(page, "Cache-Control: no-cache\r\n"));
        CHECK(has(page, "Content-Security-Policy: default-src 'none'; script-src 'self'; "));
        CHECK_FALSE(has(page, "unsafe-inline"));
        CHECK(has(page, asset_path(".js")));
        CHECK_FALSE(has(page, "<script>"));
    }
    CHECK(status_of(ask(world, "GET /nowhere")) == 404);
    CHECK(status_of(ask(world, "GET /assets/app.js")) == 404);
    CHECK(status_of(ask(world, "POST /")) == 404);
}

TEST_CASE("assets are sent compressed as the browser wants, and may be kept for ever") {
    ApiWorld world;
    const std::string script = asset_path(".js");
    const auto with = [&](const std::string& codings) {
        return ask(world, "GET " + script, "Accept-Encoding: " + codings + "\r\n");
    };
    CHECK(has(with("gzip, deflate, br"), "Content-Encoding: br\r\n"));
    CHECK(has(with("gzip;q=1.0, br;q=0"), "Content-Encoding: gzip\r\n"));
    const auto plain = with("identity");
    CHECK_FALSE(has(plain, "Content-Encoding"));
    CHECK(has(plain, "Cache-Control: public, max-age=31536000, immutable\r\n"));
    CHECK(has(plain, "X-Content-Type-Options: nosniff\r\n"));
    CHECK(has(plain, "Vary: Accept-Encoding\r\n"));

    const auto tag_at = plain.find("ETag: ") + 6;
    const auto tag = plain.substr(tag_at, plain.find("\r\n", tag_at) - tag_at);
    CHECK(has(ask(world, "GET " + script, "If-None-Match: " + tag + "\r\n"), "304 Not Modified"));
    RawClient client(world.port());
    client.send("HEAD " + script + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto head = client.read_all();
    CHECK(has(head, "Content-Length: "));
    CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("what the page loads stays small") {
    std::size_t bytes = 0;
    for (const auto& file : dashboard::web_files()) bytes += file.gzip.size();
    CHECK(bytes < 100'000);
}

TEST_CASE("the deploy options name models, the usual place, and the typical time of a deploy") {
    ApiWorld world;
    CHECK(world.call("GET", "/api/auth/options", "").body["items"].empty());
    const auto before = world.get("/api/deploy/options");
    REQUIRE(before.status == 200);
    CHECK(before.body["expectedSeconds"].is_null());
    CHECK(before.body["defaults"]["provider"] == "hetzner");
    for (const auto& model : before.body["models"]) {
        CHECK(model["name"].is_string());
        CHECK(model["operatorKey"].is_boolean());
    }
    const auto id = world.make_bot(100'001);
    REQUIRE(world.post("/api/deploy", {{"botId", id}}).status == 202);
    world.end(world.claim(), core::OperationState::succeeded);
    const auto after = world.get("/api/deploy/options");
    CHECK(after.body["expectedSeconds"].is_number_integer());
}
