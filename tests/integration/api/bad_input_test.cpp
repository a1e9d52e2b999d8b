#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::Json;

namespace {

const std::string some_id = "019a0000-0000-7000-8000-000000000000";

/// Wrong values of one field, and what is wrong with all of them.
struct FieldRow {
    const char* field;
    std::vector<Json> values;
};

const std::vector<FieldRow>& create_rows() {
    static const std::vector<FieldRow> rows = {
        {"name",
         {"", "  ", std::string(65, 'a'), "a\nb", std::string("a\0b", 3), 5, nullptr, true,
          Json::array(), Json::object()}},
        {"telegramBotToken",
         {"", "token", "123:abc", std::string(5000, '1'), 5, nullptr,
          "0123456:" + std::string(35, 'A'), "123456:" + std::string(35, '!')}},
        {"model",
         {"", "nonsense", "gpt-5", "mistral/large", "anthropic/", "anthropic/${X}",
          "anthropic/" + std::string(500, 'a'), 5, nullptr, Json::array()}},
        {"modelApiKey", {"", "with blank", "new\nline", std::string(513, 'k'), "ключ", 5, nullptr}},
        {"modelBaseUrl",
         {"", "models.example", "ftp://a/", "https://u:p@a/", "https://a/?x",
          "https://a/" + std::string(2100, 'b'), 5, nullptr}},
        {"provider", {"", "nowhere", "HETZNER", "a b", 5, nullptr}},
        {"region", {"", "Falkenstein", "mars1", "a/b", std::string(100, 'a'), 5, nullptr}},
        {"serverType", {"", "huge9000", "CX23", 5, nullptr}},
        {"telegramMode", {"", "push", "Webhook", 5, nullptr}},
        {"allowedTelegramUserIds",
         {"1",
          5,
          nullptr,
          Json::object(),
          {{"a", 1}},
          Json::array({0}),
          Json::array({-1}),
          Json::array({1.5}),
          Json::array({"1"}),
          Json::array({nullptr}),
          Json::array({std::int64_t{1} << 52}),
          Json::array({18446744073709551615ULL}),
          Json(std::vector<int>(101, 1))}},
        {"surprise", {1, "x", nullptr}},
        {"status", {"active"}},
        {"userId", {some_id}},
    };
    return rows;
}

}  // namespace

TEST_CASE("every wrong field of a create is 422 and named, and nothing is made") {
    ApiWorld world;
    const Json good = world.bot_body(100001);
    for (const auto& row : create_rows()) {
        for (const auto& value : row.values) {
            Json body = good;
            body[row.field] = value;
            INFO(row.field << " = " << value.dump().substr(0, 80));
            const auto answer = world.post("/api/bots/create", body);
            CHECK(answer.status == 422);
            CHECK(answer.code() == "invalid_input");
            CHECK(answer.wrong_fields() == row.field);
        }
    }
    CHECK(world.get("/api/bots").body["items"].empty());
    CHECK(world.telegram.calls().empty());
}

TEST_CASE("all wrong fields are told at once") {
    ApiWorld world;
    const auto answer = world.post("/api/bots/create",
                                   {{"name", ""}, {"model", "x"}, {"modelApiKey", 5}, {"odd", 1}});
    CHECK(answer.status == 422);
    CHECK(answer.wrong_fields() == "name telegramBotToken modelApiKey model odd");
}

TEST_CASE("a member that is there more than once is named, wherever it is, and nothing is made") {
    ApiWorld world;
    const auto with = [](const Json& body, const std::string& more) {
        std::string text = body.dump();
        return text.substr(0, text.size() - 1) + more + "}";
    };
    const auto again =
        with(world.bot_body(100001), R"(,"name":"b","name":"c","telegramBotToken":"x")");
    const auto created = world.call("POST", "/api/bots/create", world.alice, again);
    CHECK(created.status == 422);
    CHECK(created.code() == "invalid_input");
    CHECK(created.wrong_fields().starts_with("name telegramBotToken"));
    CHECK(world.get("/api/bots").body["items"].empty());
    CHECK(world.telegram.calls().empty());

    const auto path = "/api/bots/" + world.make_bot(100001);
    const auto before = world.get(path).text;
    const auto changed = world.call("PUT", path, world.alice, R"({"name":"b","n\u0061me":"c"})");
    CHECK(changed.status == 422);
    CHECK(changed.wrong_fields() == "name");
    CHECK(changed.text.find("more than once") != std::string::npos);
    CHECK(world.get(path).text == before);
}

TEST_CASE("wrong fields of an update are named, and nothing is changed") {
    ApiWorld world;
    const auto path = "/api/bots/" + world.make_bot(100001);
    const auto before = world.get(path).text;
    for (const auto& row : create_rows()) {
        for (const auto& value : row.values) {
            const std::string field = row.field;
            // Null takes these two back to what the operator has.
            if (value.is_null() && (field == "modelApiKey" || field == "modelBaseUrl")) continue;
            INFO(field << " = " << value.dump().substr(0, 80));
            const auto answer = world.put(path, {{field, value}});
            CHECK(answer.status == 422);
            CHECK(answer.wrong_fields() == field);
        }
    }
    for (const char* fixed : {"provider", "region", "serverType", "id"}) {
        CHECK(world.put(path, {{fixed, "fsn1"}}).wrong_fields() == fixed);
    }
    CHECK(world.get(path).text == before);
}

TEST_CASE("bodies that are no JSON object are 400 and name the body") {
    ApiWorld world;
    const std::string bodies[] = {"",
                                  "{",
                                  "nonsense",
                                  "[]",
                                  "null",
                                  "5",
                                  "\"text\"",
                                  "{\"name\":\"a\"} trailing",
                                  "{\"name\":\"\xff\xfe\"}",
                                  "{'name':'a'}",
                                  std::string("{\"a\":1}\0", 8),
                                  std::string(100'000, '['),
                                  "{\"a\":" + std::string(50, '[') + std::string(50, ']') + "}"};
    const auto bot = world.make_bot(100001);
    const std::pair<std::string, std::string> routes[] = {{"POST", "/api/bots/create"},
                                                          {"POST", "/api/deploy"},
                                                          {"POST", "/api/jobs"},
                                                          {"POST", "/api/telegram/verify-token"},
                                                          {"POST", "/api/telegram/set-webhook"},
                                                          {"PUT", "/api/bots/" + bot}};
    for (const auto& [method, path] : routes) {
        for (const auto& body : bodies) {
            INFO(method << " " << path << " " << body.substr(0, 40));
            const auto answer = world.call(method, path, world.alice, body);
            CHECK(answer.status == 400);
            CHECK(answer.code() == "invalid_input");
            CHECK(answer.wrong_fields() == "body");
        }
        const auto form = world.call(method, path, world.alice, "--x--",
                                     {{"Content-Type", "multipart/form-data; boundary=x"}});
        CHECK(form.status == 415);
    }
}

TEST_CASE("ids that are none, or nobody's, are 404, and in bodies and queries they are named") {
    ApiWorld world;
    for (const std::string& id :
         {some_id, std::string("1"), std::string("%27%20OR%201%3D1"), std::string(300, 'a')}) {
        INFO(id);
        for (const std::string& path :
             {"/api/bots/" + id, "/api/deploy/" + id + "/status", "/api/deploy/" + id + "/logs",
              "/api/deploy/" + id + "/events", "/api/operations/" + id}) {
            const auto answer = world.get(path);
            CHECK(answer.status == 404);
            CHECK(answer.code() == "not_found");
        }
        for (const char* word : {"stop", "start", "restart", "cancel"}) {
            CHECK(world.post("/api/deploy/" + id + "/" + word).status == 404);
        }
        CHECK(world.call("DELETE", "/api/bots/" + id, world.alice).status == 404);
        CHECK(world.put("/api/bots/" + id, Json::object()).status == 404);
    }
    CHECK(world.post("/api/deploy", {{"botId", "x"}}).wrong_fields() == "botId");
    CHECK(world.post("/api/deploy").wrong_fields() == "botId");
    CHECK(world.post("/api/deploy", {{"botId", some_id}}).status == 404);
    CHECK(world.get("/api/telegram/bot-info").wrong_fields() == "botId");
    CHECK(world.get("/api/telegram/bot-info?botId=x").wrong_fields() == "botId");
}

TEST_CASE("wrong query parameters are 400 and named") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const std::pair<std::string, std::string> rows[] = {
        {"/api/bots?limit=0", "limit"},
        {"/api/bots?limit=201", "limit"},
        {"/api/bots?limit=x", "limit"},
        {"/api/bots?limit=", "limit"},
        {"/api/bots?after=%20", "after"},
        {"/api/bots?after=nonsense", "after"},
        {"/api/deploy/" + bot + "/logs?after=-1", "after"},
        {"/api/deploy/" + bot + "/logs?after=99999999999999999999", "after"},
        {"/api/deploy/" + bot + "/logs?limit=1000", "limit"},
        {"/api/deploy/" + bot + "/logs?step=nonsense", "step"},
        {"/api/deploy/" + bot + "/logs?level=loud", "level"},
        {"/api/deploy/" + bot + "/logs?q=" + std::string(201, 'a'), "q"},
        {"/api/deploy/" + bot + "/events?after=x", "after"},
        {"/api/operations/" + some_id + "?wait=61", "wait"},
        {"/api/operations/" + some_id + "?wait=-1", "wait"},
        {"/api/jobs?limit=0", "limit"},
        {"/api/jobs?after=nonsense", "after"},
        {"/api/jobs?type=chat", "type"},
        {"/api/jobs?status=succeeded", "status"},
        {"/api/jobs?botId=x", "botId"},
        {"/api/jobs/" + some_id + "?wait=61", "wait"},
        {"/api/cloud/available-regions?provider=nowhere", "provider"},
        {"/api/cloud/available-regions?provider=A%20B", "provider"},
    };
    for (const auto& [path, field] : rows) {
        INFO(path);
        const auto answer = world.get(path);
        CHECK(answer.status == 400);
        CHECK(answer.wrong_fields() == field);
    }
    CHECK(world.call("DELETE", "/api/bots/" + bot + "?plan=maybe", world.alice).wrong_fields() ==
          "plan");
}
