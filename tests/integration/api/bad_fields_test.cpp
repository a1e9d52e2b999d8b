#include <algorithm>
#include <set>

#include "api/openapi.hpp"
#include "api_world.hpp"
#include "kind_issuer.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using base::Json;

namespace {

using Values = std::vector<Json>;

/// Wrong values of one field of one route. A field of a body is 422, a query parameter 400; both
/// are named, with `invalid_input`. `{…}` in a path is filled in by Routes::path.
struct BadField {
    std::string route;
    std::string field;
    Values values;
};

const std::string long_text(5000, 'a');
const Values no_texts = {5, nullptr, true, Json::array(), Json::object()};

Values and_no_texts(Values values) {
    values.insert(values.end(), no_texts.begin(), no_texts.end());
    return values;
}

Json many_names(int count) {
    Json object = Json::object();
    for (int i = 0; i < count; ++i) object["name" + std::to_string(i)] = true;
    return object;
}

const Values bad_ids = and_no_texts({"", "x", "019a0000-0000-7000-8000-00000000000", long_text,
                                     "019a0000-0000-7000-8000-00000000000g", "' OR 1=1"});
const Values bad_telegram_tokens =
    and_no_texts({"", "token", "123:abc", long_text, "0123456:" + std::string(35, 'A'),
                  "123456:" + std::string(35, '!'), "123456:" + std::string(35, 'A') + "\n"});
const Values bad_names = and_no_texts(
    {"", "  ", std::string(65, 'a'), "a\nb", std::string("a\0b", 3), "a\x7f", "\u202e"});
const Values bad_models =
    and_no_texts({"", "nonsense", "mistral/large", "anthropic/", "/x", "anthropic/${X}",
                  "anthropic/a b", "anthropic/" + std::string(500, 'a')});
const Values bad_modes = and_no_texts({"", "push", "Webhook", "webhook "});
const Values bad_user_lists = {"1",
                               5,
                               nullptr,
                               true,
                               Json::object(),
                               Json::array({0}),
                               Json::array({-1}),
                               Json::array({1.5}),
                               Json::array({1e300}),
                               Json::array({"1"}),
                               Json::array({nullptr}),
                               Json::array({Json::array()}),
                               Json::array({std::int64_t{1} << 52}),
                               Json::array({18446744073709551615ULL}),
                               Json(std::vector<int>(101, 1))};

/// Without null, which takes both back to the operator's where a bot is changed.
const Values bad_keys = {"", "with blank", "new\nline",  std::string(513, 'k'), "ключ",
                         5,  true,         Json::array()};
const Values bad_urls = {"",
                         "models.example",
                         "ftp://a/",
                         "javascript:alert(1)",
                         "https://",
                         "https://u:p@a/",
                         "https://a/?x",
                         "https://a/#x",
                         "https://a/ b",
                         "https://a/" + std::string(2100, 'b'),
                         5,
                         true};

Values and_null(Values values) {
    values.push_back(nullptr);
    return values;
}

const Values bad_limits = {"0",   "201", "-1",   "x",    "",
                           "1.5", "1e2", "%2B1", "0x10", "99999999999999"};
const Values bad_numbers = {"-1", "x", "", "1.5", "99999999999999999999", "%2B1", "1%20"};
const Values bad_waits = {"61", "-1", "x", "", "1.5"};
const Values bad_choices = {"", "nonsense", "A", "%0A", "%27"};
const Values bad_query_ids = {"", "x", "%27%20OR%201", "019a0000-0000-7000-8000-00000000000g"};
const Values bad_cursors = {"", "nonsense", "%20", "%27"};
const Values bad_opaque_cursors = {"%20", "%27", "%C3%A4"};
const Values bad_months = {"", "november", "2026-13", "2026-1", "1999-01", "2026-11-01"};
const Values bad_flags = {"", "maybe", "TRUE", "1"};

const std::vector<BadField>& bad_fields() {
    static const std::vector<BadField> rows = {
        {"POST /api/bots/create", "name", bad_names},
        {"POST /api/bots/create", "telegramBotToken", bad_telegram_tokens},
        {"POST /api/bots/create", "model", bad_models},
        {"POST /api/bots/create", "modelApiKey", and_null(bad_keys)},
        {"POST /api/bots/create", "modelBaseUrl", and_null(bad_urls)},
        {"POST /api/bots/create", "provider", and_no_texts({"", "nowhere", "HETZNER", "a b"})},
        {"POST /api/bots/create", "region",
         and_no_texts({"", "Falkenstein", "mars1", "a/b", long_text})},
        {"POST /api/bots/create", "serverType", and_no_texts({"", "huge9000", "CX23", "a/b"})},
        {"POST /api/bots/create", "telegramMode", bad_modes},
        {"POST /api/bots/create", "allowedTelegramUserIds", bad_user_lists},
        {"PUT /api/bots/{id}", "name", bad_names},
        {"PUT /api/bots/{id}", "telegramBotToken", bad_telegram_tokens},
        {"PUT /api/bots/{id}", "model", bad_models},
        {"PUT /api/bots/{id}", "modelApiKey", bad_keys},
        {"PUT /api/bots/{id}", "modelBaseUrl", bad_urls},
        {"PUT /api/bots/{id}", "telegramMode", bad_modes},
        {"PUT /api/bots/{id}", "allowedTelegramUserIds", bad_user_lists},
        {"POST /api/deploy", "botId", bad_ids},
        {"POST /api/telegram/verify-token", "token", bad_telegram_tokens},
        {"POST /api/telegram/set-webhook", "botId", bad_ids},
        {"POST /api/jobs", "type", and_no_texts({"", "chat", "SLEEP", "CHAT "})},
        {"POST /api/jobs", "payload", {"", 5, nullptr, true, Json::array(), "{}"}},
        {"POST /api/jobs", "payload.botId", bad_ids},
        {"POST /api/jobs", "payload.message",
         and_no_texts({"", std::string(32769, 'a'), std::string("a\0b", 3)})},
        {"POST /api/jobs", "payload.interrupt", {"true", 1, nullptr, Json::array()}},
        {"POST /api/jobs", "payload.sessionKey",
         and_no_texts({"", "a b", "a/b", "../x", std::string(65, 'a')})},
        {"POST /api/jobs", "priority", {"1", 1, 11, -11, 1.5, 1e300, nullptr, true, Json::array()}},
        // What is wrong with one member is named by it; tests/unit/core has their table.
        {"POST /api/jobs",
         "requirements",
         {"x", 5, nullptr, true, Json::array({1}), many_names(17),
          Json({{std::string(65, 'n'), 1}}), Json({{"region", std::string(2'048, 'x')}})}},
        {"POST /api/cloud/provision", "provider", and_no_texts({"", "nowhere", "A B", long_text})},
        {"POST /api/cloud/provision", "region", and_no_texts({"", "mars1", "a/b", long_text})},
        {"POST /api/cloud/provision", "serverType", and_no_texts({"", "huge9000", "CX23"})},
        {"POST /api/cloud/provision", "imageId", and_no_texts({"", "A B", "a/b"})},
        {"POST /api/cloud/provision", "sshPublicKey",
         and_no_texts({"", "ssh-rsa AAAA", "ssh-ed25519 BBBB", "ssh-ed25519 AAAA\nx"})},
        {"POST /api/auth/tokens", "name", bad_names},
        {"POST /api/auth/tokens",
         "scopes",
         {"bots:read", 5, nullptr, Json::object(), Json::array(), Json::array({5}),
          Json::array({"nonsense"}), Json::array({"act-as"}),
          Json(std::vector<std::string>(50, "bots:read"))}},
        {"POST /api/auth/tokens", "expiresAt",
         and_no_texts({"", "tomorrow", "2001-01-01T00:00:00Z", "9999-01-01T00:00:00Z",
                       "2027-13-01T00:00:00Z", "2027-02-30T00:00:00Z"})},

        {"GET /api/auth/google",
         "returnTo",
         {"", "bots", "//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example"}},
        {"GET /api/bots", "limit", bad_limits},
        {"GET /api/bots", "after", bad_cursors},
        {"GET /api/bots", "all", bad_flags},
        {"DELETE /api/bots/{id}", "plan", bad_flags},
        {"GET /api/deploy/{botId}/logs", "after", bad_numbers},
        {"GET /api/deploy/{botId}/logs", "before", bad_numbers},
        {"GET /api/deploy/{botId}/logs", "limit", bad_limits},
        {"GET /api/deploy/{botId}/logs", "step", bad_choices},
        {"GET /api/deploy/{botId}/logs", "level", bad_choices},
        {"GET /api/deploy/{botId}/logs", "type", bad_choices},
        {"GET /api/deploy/{botId}/logs", "q", {std::string(201, 'a')}},
        {"GET /api/deploy/{botId}/events", "after", bad_numbers},
        {"GET /api/deploy/{botId}/events", "tail", bad_numbers},
        {"GET /api/operations/{id}", "wait", bad_waits},
        {"GET /api/telegram/bot-info", "botId", bad_query_ids},
        {"GET /api/cloud/available-regions", "provider", {"", "nowhere", "A%20B", "%27"}},
        {"GET /api/jobs", "limit", bad_limits},
        {"GET /api/jobs", "after", bad_cursors},
        {"GET /api/jobs", "type", {"", "chat", "nonsense"}},
        {"GET /api/jobs", "status", {"", "succeeded", "nonsense"}},
        {"GET /api/jobs", "botId", bad_query_ids},
        {"GET /api/jobs/{id}", "wait", bad_waits},
        {"GET /api/admin/plans", "limit", bad_limits},
        {"GET /api/admin/plans", "after", bad_opaque_cursors},
        {"GET /api/admin/workers", "limit", bad_limits},
        {"GET /api/admin/workers", "after", bad_opaque_cursors},
        {"GET /api/auth/sessions", "limit", bad_limits},
        {"GET /api/auth/sessions", "after", bad_cursors},
        {"GET /api/auth/tokens", "limit", bad_limits},
        {"GET /api/auth/tokens", "after", bad_cursors},
        {"GET /api/cloud/available-regions", "limit", bad_limits},
        {"GET /api/cloud/available-regions", "after", bad_opaque_cursors},
        {"GET /api/cloud/servers", "limit", bad_limits},
        {"GET /api/cloud/servers", "after", bad_opaque_cursors},
        {"GET /api/cloud/sweep", "limit", bad_limits},
        {"GET /api/cloud/sweep", "after", bad_opaque_cursors},
        {"DELETE /api/cloud/servers/{id}", "forget", bad_flags},
        {"GET /api/admin/costs", "month", bad_months},
        {"GET /api/costs", "month", bad_months},
        {"GET /api/admin/costs", "by", bad_choices},
        {"GET /api/admin/costs", "limit", bad_limits},
        {"GET /api/admin/costs", "after", bad_opaque_cursors},
        {"GET /api/admin/fleet", "limit", bad_limits},
        {"GET /api/admin/fleet", "after", bad_cursors},
        {"GET /api/admin/logs", "limit", bad_limits},
        {"GET /api/admin/logs", "after", bad_cursors},
        {"GET /api/admin/logs", "step", bad_choices},
        {"GET /api/admin/logs", "level", bad_choices},
        {"GET /api/admin/logs", "q", {std::string(201, 'a')}},
        {"GET /api/admin/logs", "since", {"", "yesterday", "2027-02-30T00:00:00Z"}},
        {"PUT /api/admin/users/{id}/subscription", "plan", and_no_texts({"", "gold", "Pro"})},
        {"PUT /api/admin/users/{id}/subscription", "status",
         and_no_texts({"", "paused", "Active"})},
        {"PUT /api/admin/users/{id}/subscription",
         "periodEnd",
         {"", "tomorrow", "2027-02-30T00:00:00Z", 5, true, Json::array(), Json::object()}},
        {"GET /api/admin/users", "limit", bad_limits},
        {"GET /api/admin/users", "after", bad_cursors},
        {"GET /api/admin/users", "email", {"", std::string(321, 'a')}},
        {"GET /api/admin/users", "plan", bad_choices},
        {"GET /api/admin/users", "standing", bad_choices},
        {"DELETE /api/auth/sessions", "others", bad_flags},
        {"GET /api/admin/alarms", "limit", bad_limits},
        {"GET /api/admin/alarms", "after", bad_cursors},
        {"GET /api/admin/operations", "limit", bad_limits},
        {"GET /api/admin/operations", "after", bad_cursors},
        {"GET /api/admin/operations", "stuck", bad_flags},
        {"GET /api/admin/audit", "limit", bad_limits},
        {"GET /api/admin/audit", "after", {"0", "-1", "x", ""}},
        {"GET /api/admin/audit", "user", bad_query_ids},
        {"GET /api/admin/audit", "action", {std::string(201, 'a')}},
        {"GET /api/admin/audit", "since", {"", "yesterday", "2027-02-30T00:00:00Z"}},
        {"GET /api/admin/audit", "format", {"", "xml", "CSV"}},
    };
    return rows;
}

/// Fields that have no row, and why.
bool is_apart(const std::string& route) {
    // What the issuer sends is not the caller's to mend: 400 with the advice to start again.
    if (route == "GET /api/auth/callback/google") return true;
    // A body counts only with the billing service's signature: billing_test.cpp has its table.
    return route == "POST /hooks/billing";
}

/// Fields of all routes as the document describes them: `route field`.
std::set<std::string> described_fields() {
    const Json document = Json::parse(api::openapi_document());
    std::set<std::string> fields;
    const auto resolved = [&](const Json& value) -> const Json& {
        const auto reference = value.find("$ref");
        if (reference == value.end()) return value;
        const auto name = reference->get<std::string>();
        return document["components"]["schemas"][name.substr(name.rfind('/') + 1)];
    };
    for (const auto& [path, item] : document["paths"].items()) {
        for (const auto& [method, operation] : item.items()) {
            if (method == "parameters") continue;
            std::string route = method + " " + path;
            std::transform(route.begin(), route.begin() + std::ptrdiff_t(method.size()),
                           route.begin(), [](char c) { return char(c - 'a' + 'A'); });
            const auto add = [&](const std::string& field) {
                if (!is_apart(route)) fields.insert(route + " " + field);
            };
            const Json parameters = operation.value("parameters", Json::array());
            for (const auto& parameter : parameters) {
                if (parameter.value("in", "") == "query") add(parameter["name"]);
            }
            const Json::json_pointer body("/requestBody/content/application~1json/schema");
            if (!operation.contains(body)) continue;
            const Json properties = resolved(operation[body]).value("properties", Json::object());
            for (const auto& [name, schema] : properties.items()) {
                add(name);
                const Json inside = resolved(schema).value("properties", Json::object());
                for (const auto& [inner, of_inner] : inside.items()) add(name + "." + inner);
            }
        }
    }
    return fields;
}

struct Routes {
    KindIssuer issuer;
    ApiWorld world{WorldSetup{.open_id = &issuer}};
    std::string admin = world.make_token("admin@example.org",
                                         {"bots:read", "bots:write", "deploy", "account", "admin"},
                                         std::nullopt, store::UserRole::admin);
    std::string bot = make_bot();

    std::string make_bot() {
        const auto made =
            world.call("POST", "/api/bots/create", admin, world.bot_body(100001).dump());
        REQUIRE(made.status == 201);
        return made.body["id"];
    }
    [[nodiscard]] std::string path(const std::string& pattern) const {
        const auto open = pattern.find('{');
        if (open == std::string::npos) return pattern;
        return pattern.substr(0, open) + bot + pattern.substr(pattern.find('}') + 1);
    }
    /// A body that is right but for nothing.
    [[nodiscard]] Json good_body(const std::string& pattern) {
        if (pattern == "/api/bots/create") return world.bot_body(100002);
        if (pattern == "/api/jobs") {
            return {{"type", "CHAT"}, {"payload", {{"botId", bot}, {"message", "hello"}}}};
        }
        if (pattern == "/api/admin/users/{id}/subscription") {
            return {{"plan", "pro"}, {"periodEnd", nullptr}};
        }
        if (pattern == "/api/cloud/provision") {
            return {{"provider", "hetzner"}, {"region", "fsn1"}, {"serverType", "cx23"}};
        }
        if (pattern == "/api/auth/tokens") return {{"name", "ci"}, {"scopes", {"bots:read"}}};
        return Json::object();
    }
};

void set_field(Json& body, const std::string& field, const Json& value) {
    const auto dot = field.find('.');
    if (dot == std::string::npos) {
        body[field] = value;
    } else {
        body[field.substr(0, dot)][field.substr(dot + 1)] = value;
    }
}

}  // namespace

TEST_CASE("every field of every route has its wrong values") {
    auto fields = described_fields();
    for (const auto& row : bad_fields()) {
        INFO(row.route << " " << row.field);
        CHECK(!row.values.empty());
        if (is_apart(row.route)) continue;
        CHECK(fields.erase(row.route + " " + row.field) == 1);
    }
    for (const auto& field : fields) {
        INFO("without a row in bad_fields(): " << field);
        CHECK(false);
    }
}

TEST_CASE("every wrong value of every field is refused by its name") {
    Routes routes;
    auto& world = routes.world;
    const auto before = world.call("GET", "/api/bots", routes.admin).text;
    // Staff's priorities go further than a customer's.
    const std::string customer = world.alice;
    for (const auto& row : bad_fields()) {
        const auto blank = row.route.find(' ');
        const std::string method = row.route.substr(0, blank);
        const std::string pattern = row.route.substr(blank + 1);
        const bool in_body = method == "POST" || method == "PUT";
        for (const auto& value : row.values) {
            ApiResponse answer;
            if (in_body) {
                Json body = routes.good_body(pattern);
                set_field(body, row.field, value);
                const bool of_customer = row.field == "priority";
                answer = world.call(method, routes.path(pattern),
                                    of_customer ? customer : routes.admin, body.dump());
            } else {
                answer = world.call(
                    method, routes.path(pattern) + "?" + row.field + "=" + value.get<std::string>(),
                    routes.admin);
            }
            INFO(row.route << " " << row.field << " = " << value.dump().substr(0, 80) << " gave "
                           << answer.text.substr(0, 300));
            CHECK(answer.status == (in_body ? 422 : 400));
            CHECK(answer.code() == "invalid_input");
            CHECK(answer.wrong_fields() == row.field);
        }
    }
    CHECK(world.call("GET", "/api/bots", routes.admin).text == before);
    CHECK(world.telegram.calls_of("setWebhook") == 0);
}
