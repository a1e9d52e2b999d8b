#include "sandbox/telegram/telegram_service.hpp"

#include <httplib.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "base/json_value.hpp"
#include "sandbox/web/web_server.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

const std::string token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX";

/// A webhook that answers with the given statuses in turn, then with 200.
class Receiver {
public:
    explicit Receiver(std::vector<int> statuses)
        : statuses_(std::move(statuses)),
          server_({}, [this](const sandbox::WebRequest& request) { return take(request); }) {
        std::string error;
        REQUIRE(server_.start("127.0.0.1", 0, error));
    }

    [[nodiscard]] std::string url() const { return server_.origin() + "/hook"; }

    /// The first so many requests; fewer when they do not come in time.
    std::vector<sandbox::WebRequest> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return requests_.size() >= count; });
        return requests_;
    }

private:
    sandbox::WebResponse take(const sandbox::WebRequest& request) {
        const std::scoped_lock lock(mutex_);
        sandbox::WebResponse response;
        if (requests_.size() < statuses_.size()) response.status = statuses_[requests_.size()];
        if (response.status == 302) response.headers.emplace_back("Location", "/elsewhere");
        requests_.push_back(request);
        changed_.notify_all();
        return response;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<sandbox::WebRequest> requests_;
    std::vector<int> statuses_;
    sandbox::WebServer server_;
};

struct TelegramFixture {
    sandbox::TelegramService service;
    std::unique_ptr<httplib::Client> client;

    TelegramFixture() {
        std::string error;
        REQUIRE(service.start("127.0.0.1", 0, error));
        client = std::make_unique<httplib::Client>(service.base_url());
        client->set_read_timeout(30);
    }

    base::Json call(const std::string& method, const base::Json& params = base::Json::object()) {
        const auto answer = client->Post("/bot" + token + "/" + method, base::dump_json(params),
                                         "application/json");
        REQUIRE(answer);
        return base::Json::parse(answer->body);
    }

    httplib::Result say(const base::Json& body) {
        return client->Post("/sandbox/messages", base::dump_json(body), "application/json");
    }
};

base::Json fields_of(const httplib::Result& answer) {
    base::Json names = base::Json::array();
    const auto body = base::Json::parse(answer->body);
    for (const auto& error : body.at("errors")) {
        names.push_back(error.at("field"));
    }
    return names;
}

}  // namespace

TEST_CASE("parameters come as query, form, multipart or JSON") {
    TelegramFixture f;
    const std::string path = "/bot" + token + "/setMyName";
    const auto name = [&] { return f.call("getMyName").at("result").at("name"); };
    REQUIRE(f.client->Get(path + "?name=query%20name"));
    CHECK(name() == "query name");
    REQUIRE(f.client->Post(path, httplib::Params{{"name", "form name"}}));
    CHECK(name() == "form name");
    const httplib::MultipartFormDataItems items{{"name", "part name", "", ""}};
    REQUIRE(f.client->Post(path, items));
    CHECK(name() == "part name");
    f.call("SETMYNAME", {{"name", "json name"}});
    CHECK(name() == "json name");
}

TEST_CASE("long form bodies are taken") {
    TelegramFixture f;
    REQUIRE(f.say({{"token", token}, {"userId", 5}, {"text", "hi"}})->status == 201);
    std::string text;
    for (int i = 0; i < 4000; ++i) text += "\u00e4";
    const auto answer = f.client->Post("/bot" + token + "/sendMessage",
                                       httplib::Params{{"chat_id", "5"}, {"text", text}});
    REQUIRE(answer);
    CHECK(answer->status == 200);
}

TEST_CASE("bodies that are no JSON or no UTF-8 are 400") {
    TelegramFixture f;
    const std::string path = "/bot" + token + "/setMyName";
    CHECK(f.client->Post(path, "{", "application/json")->status == 400);
    CHECK(f.client->Post(path, "[]", "application/json")->status == 400);
    CHECK(f.client->Post(path, "name=%ff", "application/x-www-form-urlencoded")->status == 400);
}

TEST_CASE("a webhook on loopback gets the update with secret, again after failures and redirects") {
    Receiver receiver({500, 302});
    TelegramFixture f;
    REQUIRE(f.call("setWebhook", {{"url", receiver.url()}, {"secret_token", "sesame"}}).at("ok") ==
            true);
    const auto said = f.say({{"token", token}, {"userId", 5}, {"text", "hello"}});
    REQUIRE(said->status == 201);
    const auto requests = receiver.wait_for(3);
    REQUIRE(requests.size() == 3);
    for (const auto& request : requests) {
        CHECK(request.path == "/hook");
        CHECK(request.header("x-telegram-bot-api-secret-token") == "sesame");
        CHECK(request.header("content-type") == "application/json");
        CHECK(base::Json::parse(request.body).at("update_id") ==
              base::Json::parse(said->body).at("updateId"));
    }
}

TEST_CASE("a webhook that refuses connections shows in getWebhookInfo") {
    TelegramFixture f;
    std::string url;
    {
        const Receiver gone({});
        url = gone.url();
    }
    f.call("setWebhook", {{"url", url}});
    f.say({{"token", token}, {"userId", 5}, {"text", "hello"}});
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    base::Json info;
    do {
        info = f.call("getWebhookInfo").at("result");
    } while (!info.contains("last_error_message") && std::chrono::steady_clock::now() < deadline);
    CHECK(info.at("last_error_message") == "Connection refused");
    CHECK(info.at("pending_update_count") == 1);
}

TEST_CASE("who listens with wait hears the bot at once") {
    TelegramFixture f;
    f.say({{"token", token}, {"userId", 5}, {"text", "hello"}});
    auto heard = std::async(std::launch::async, [&] {
        httplib::Client second(f.service.base_url());
        second.set_read_timeout(30);
        return base::Json::parse(
            second.Get("/sandbox/messages?botId=123456789&after=1&wait=20")->body);
    });
    f.call("sendMessage", {{"chat_id", 5}, {"text", "answer"}});
    const auto news = heard.get();
    REQUIRE(news.at("items").size() == 1);
    CHECK(news.at("items").at(0).at("text") == "answer");
    CHECK(news.at("items").at(0).at("direction") == "bot");
}

TEST_CASE("wrong fields of a user's message are a 422 that names them") {
    TelegramFixture f;
    const auto empty = f.say(base::Json::object());
    CHECK(empty->status == 422);
    CHECK(empty->get_header_value("Content-Type") == "application/problem+json");
    CHECK(fields_of(empty) == base::Json::array({"userId", "text", "token"}));
    CHECK(fields_of(f.say({{"token", "x"}, {"userId", -1}, {"text", " "}})) ==
          base::Json::array({"userId", "text", "token"}));
    CHECK(fields_of(f.say({{"token", token}, {"userId", 5}, {"chatId", 6}, {"text", "x"}})) ==
          base::Json::array({"chatId"}));
    CHECK(fields_of(f.say({{"botId", 77}, {"userId", 5}, {"text", "x"}})) ==
          base::Json::array({"botId"}));
    CHECK(fields_of(f.say({{"token", token}, {"userId", 5}, {"text", std::string(4097, 'x')}})) ==
          base::Json::array({"text"}));
    CHECK(f.client->Post("/sandbox/messages", "no json", "application/json")->status == 400);
    CHECK(base::Json::parse(f.client->Get("/sandbox/bots")->body).at("items").size() <= 1);
}

TEST_CASE("faults are set as a whole and close connections without an answer") {
    TelegramFixture f;
    const auto put = [&](const std::string& body) {
        return f.client->Put("/sandbox/faults", body, "application/json");
    };
    CHECK(put(R"({"down":true})")->status == 200);
    CHECK_FALSE(f.client->Get("/bot" + token + "/getMe"));
    CHECK(put(R"({"rateLimited":{"count":1,"retryAfter":9}})")->status == 200);
    const auto limited = f.client->Get("/bot" + token + "/getMe");
    REQUIRE(limited);
    CHECK(limited->status == 429);
    CHECK(limited->get_header_value("Retry-After") == "9");
    CHECK(f.client->Get("/bot" + token + "/getMe")->status == 200);
    CHECK(fields_of(put(R"({"errors":[{"status":200}]})")) ==
          base::Json::array({"errors[0].status"}));
}

TEST_CASE("the chat page is served with a strict policy") {
    TelegramFixture f;
    const auto page = f.client->Get("/");
    REQUIRE(page);
    CHECK(page->body.find("<title>Sandbox chat</title>") != std::string::npos);
    CHECK(page->get_header_value("Content-Security-Policy").starts_with("default-src 'none'"));
    CHECK(f.client->Get("/chat.js")->status == 200);
    CHECK(f.client->Get("/chat.css")->status == 200);
    CHECK(f.client->Get("/nothing")->status == 404);
}

TEST_CASE("stop ends a running long poll") {
    TelegramFixture f;
    auto poll = std::async(std::launch::async, [&] {
        httplib::Client second(f.service.base_url());
        second.set_read_timeout(60);
        return second.Get("/bot" + token + "/getUpdates?timeout=50");
    });
    while (base::Json::parse(f.client->Get("/sandbox/requests")->body).at("total").empty()) {
    }
    const auto begun = std::chrono::steady_clock::now();
    f.service.stop();
    poll.wait();
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
}
