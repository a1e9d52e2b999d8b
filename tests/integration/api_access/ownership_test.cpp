#include <map>
#include <set>

#include "../api/api_world.hpp"
#include "api/access.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::api::Door;
using hatchery::api::Scope;

namespace {

constexpr const char* nobodys = "019a0000-0000-7000-8000-000000000000";

/// Where a route takes the id of something that belongs to a user, if not in its path.
struct Place {
    std::string query;
    std::string body;
};

Place place_of(const std::string& route, const std::string& bot) {
    const std::string bot_body = R"({"botId":")" + bot + R"("})";
    const std::map<std::string, Place> places = {
        {"POST /api/deploy", {"", bot_body}},
        {"POST /api/telegram/set-webhook", {"", bot_body}},
        {"GET /api/telegram/bot-info", {"?botId=" + bot, ""}},
        {"POST /api/jobs", {"", R"({"type":"RESTART","payload":)" + bot_body + "}"}},
    };
    const auto found = places.find(route);
    return found == places.end() ? Place{} : found->second;
}

/// Routes about nothing that belongs to one user. A new route is written down here, or answers 404.
const std::set<std::string> about_nobody = {
    "POST /api/telegram/verify-token",
    "POST /api/bots/create",
    "GET /api/bots",
    "GET /api/jobs",
    "GET /api/me",
    "GET /api/costs",
    "GET /api/cloud/available-regions",
    "GET /api/deploy/options",
    "POST /api/auth/tokens",
    "GET /api/auth/tokens",
    "GET /api/auth/sessions",
    "DELETE /api/auth/sessions",
};

}  // namespace

TEST_CASE("somebody else's thing is a 404 on every route, like a thing that is not there") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const std::string operation = world.post("/api/deploy", {{"botId", bot}}).body["operationId"];
    world.make_token("alice@example.org", {"bots:read"});
    const auto alice = world.tokens->find_user_by_email("alice@example.org");
    REQUIRE(alice);
    const auto tokens = world.tokens->list(alice->id);
    REQUIRE(tokens);
    const auto bob =
        world.make_token("bob@example.org", {"bots:read", "bots:write", "deploy", "account"});
    std::size_t tried = 0;
    for (const auto& rule : hatchery::api::access_rules()) {
        if (rule.door != Door::token || rule.scope == Scope::admin) continue;
        const std::string route = std::string(rule.method) + " " + std::string(rule.pattern);
        if (about_nobody.contains(route)) continue;
        INFO(route);
        for (const std::string& id :
             {bot, operation, tokens->front().id.text(), std::string(nobodys)}) {
            const Place place = place_of(route, id);
            std::string path(rule.pattern);
            if (const auto name = path.find(':'); name != std::string::npos) {
                path.replace(name, std::min(path.find('/', name), path.size()) - name, id);
            }
            const auto answer = world.call(std::string(rule.method), path + place.query, bob,
                                           place.body.empty() ? "{}" : place.body);
            CHECK(answer.status == 404);
            CHECK(answer.code() == "not_found");
            CHECK(answer.text.find("alice") == std::string::npos);
        }
        ++tried;
    }
    CHECK(tried >= 18);
    CHECK(world.get("/api/bots/" + bot).status == 200);
    CHECK(world.tokens->list(alice->id)->front().revoked_at == std::nullopt);
}
