#include "sandbox/model/model_service.hpp"

#include <httplib.h>

#include <vector>

#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery;

namespace {

struct ModelFixture {
    sandbox::ModelService service;
    std::unique_ptr<httplib::Client> client;

    ModelFixture() {
        std::string error;
        REQUIRE(service.start("127.0.0.1", 0, error));
        client = std::make_unique<httplib::Client>("127.0.0.1", service.port());
    }

    httplib::Result post(const std::string& path, const base::Json& body,
                         const httplib::Headers& headers = {
                             {"Authorization", "Bearer key"}}) const {
        return client->Post(path, headers, base::dump_json(body), "application/json");
    }
};

const base::Json user_says_hi = base::Json::parse(R"([{"role":"user","content":"hi there"}])");

std::vector<std::string> data_lines(const std::string& stream) {
    std::vector<std::string> lines;
    std::istringstream input(stream);
    for (std::string line; std::getline(input, line);) {
        if (line.starts_with("data: ")) lines.push_back(line.substr(6));
    }
    return lines;
}

}  // namespace

TEST_CASE("the model's base URL ends in /v1 and lists one model") {
    const ModelFixture f;
    CHECK(f.service.base_url() == "http://127.0.0.1:" + std::to_string(f.service.port()) + "/v1");
    const auto answer = f.client->Get("/v1/models", {{"Authorization", "Bearer key"}});
    REQUIRE(answer);
    CHECK(base::Json::parse(answer->body).at("data").at(0).at("id") == "sandbox-1");
}

TEST_CASE("a call without a key is 401 in OpenAI's form") {
    const ModelFixture f;
    for (const httplib::Headers& headers :
         {httplib::Headers{}, httplib::Headers{{"Authorization", "Bearer "}},
          httplib::Headers{{"Authorization", "Basic eDp5"}}}) {
        const auto answer = f.post("/v1/chat/completions", {{"messages", user_says_hi}}, headers);
        REQUIRE(answer);
        CHECK(answer->status == 401);
        CHECK(base::Json::parse(answer->body).at("error").at("code") == "invalid_api_key");
    }
}

TEST_CASE("a chat completion echoes the user") {
    const ModelFixture f;
    const auto answer =
        f.post("/v1/chat/completions", {{"model", "any"}, {"messages", user_says_hi}});
    REQUIRE(answer);
    const auto body = base::Json::parse(answer->body);
    CHECK(body.at("choices").at(0).at("message").at("content") == "Sandbox model heard: hi there");
    CHECK(body.at("choices").at(0).at("finish_reason") == "stop");
    CHECK(body.at("model") == "any");
}

TEST_CASE("a streamed chat completion comes in pieces, with usage when asked, and ends in [DONE]") {
    const ModelFixture f;
    const auto answer =
        f.post("/v1/chat/completions", {{"messages", user_says_hi},
                                        {"stream", true},
                                        {"stream_options", {{"include_usage", true}}}});
    REQUIRE(answer);
    CHECK(answer->get_header_value("Content-Type").starts_with("text/event-stream"));
    auto lines = data_lines(answer->body);
    REQUIRE(lines.size() > 4);
    CHECK(lines.back() == "[DONE]");
    lines.pop_back();
    CHECK(base::Json::parse(lines.back()).at("usage").contains("total_tokens"));
    lines.pop_back();
    CHECK(base::Json::parse(lines.back()).at("choices").at(0).at("finish_reason") == "stop");
    std::string text;
    for (const auto& line : lines) {
        text +=
            base::json_string(base::Json::parse(line).at("choices").at(0).at("delta"), "content");
    }
    CHECK(text == "Sandbox model heard: hi there");
}

TEST_CASE("the responses protocol answers whole and streamed") {
    const ModelFixture f;
    const auto whole = f.post("/v1/responses", {{"input", "hi"}});
    REQUIRE(whole);
    CHECK(base::Json::parse(whole->body).at("output").at(0).at("content").at(0).at("text") ==
          "Sandbox model heard: hi");
    const auto stream = f.post("/v1/responses", {{"input", "hi"}, {"stream", true}});
    REQUIRE(stream);
    const auto lines = data_lines(stream->body);
    CHECK(base::Json::parse(lines.front()).at("type") == "response.created");
    const auto last = base::Json::parse(lines.back());
    CHECK(last.at("type") == "response.completed");
    CHECK(last.at("response").at("status") == "completed");
}

TEST_CASE("Anthropic's protocol answers whole and streamed") {
    const ModelFixture f;
    const httplib::Headers key{{"x-api-key", "key"}};
    const auto whole = f.post("/v1/messages", {{"messages", user_says_hi}}, key);
    REQUIRE(whole);
    CHECK(base::Json::parse(whole->body).at("content").at(0).at("text") ==
          "Sandbox model heard: hi there");
    const auto stream = f.post("/v1/messages", {{"messages", user_says_hi}, {"stream", true}}, key);
    REQUIRE(stream);
    const auto lines = data_lines(stream->body);
    CHECK(base::Json::parse(lines.front()).at("type") == "message_start");
    CHECK(base::Json::parse(lines.back()).at("type") == "message_stop");
}

TEST_CASE("embeddings depend on the text alone") {
    const ModelFixture f;
    const auto answer = f.post("/v1/embeddings", {{"input", {"a", "a", "b"}}});
    REQUIRE(answer);
    const auto data = base::Json::parse(answer->body).at("data");
    REQUIRE(data.size() == 3);
    CHECK(data.at(0).at("embedding") == data.at(1).at("embedding"));
    CHECK(data.at(0).at("embedding") != data.at(2).at("embedding"));
}

TEST_CASE("bad bodies are 400 and unknown routes 404") {
    const ModelFixture f;
    CHECK(f.post("/v1/chat/completions", base::Json::array())->status == 400);
    CHECK(f.post("/v1/chat/completions", {{"model", "x"}})->status == 400);
    CHECK(f.post("/v1/embeddings", base::Json::object())->status == 400);
    CHECK(f.post("/v1/nothing", base::Json::object())->status == 404);
}

TEST_CASE("calls are counted and fail when told to") {
    const ModelFixture f;
    const auto set =
        f.client->Put("/sandbox/faults", R"({"status":503,"count":1})", "application/json");
    REQUIRE(set);
    CHECK(set->status == 200);
    CHECK(f.post("/v1/chat/completions", {{"messages", user_says_hi}})->status == 503);
    CHECK(f.post("/v1/chat/completions", {{"messages", user_says_hi}})->status == 200);
    const auto requests = f.client->Get("/sandbox/requests");
    CHECK(base::Json::parse(requests->body).at("total").at("POST /v1/chat/completions") == 2);
    CHECK(f.client->Put("/sandbox/faults", R"({"status":200})", "application/json")->status == 422);
}
