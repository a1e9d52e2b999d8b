#include "sandbox/model/model_service.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/json_value.hpp"
#include "base/log.hpp"
#include "sandbox/model/answers.hpp"
#include "sandbox/model/prompt.hpp"
#include "sandbox/web/web_server.hpp"

namespace hatchery::sandbox {

using namespace model;

namespace {

constexpr int max_latency_ms = 600'000;
constexpr std::size_t max_echo_bytes = 3000;
constexpr std::size_t embedding_length = 256;
constexpr std::size_t max_prompt_bytes = 16U << 20U;

struct ModelFaults {
    int status = 0;            ///< 0: none.
    std::optional<int> count;  ///< How many calls fail; nothing: all, until changed.
    std::chrono::milliseconds latency{0};
};

WebResponse json_response(const base::Json& body, int status = 200) {
    WebResponse response;
    response.status = status;
    response.body = base::dump_json(body);
    return response;
}

/// OpenAI's form of an error; Anthropic's clients read `error.type` and `error.message` too.
WebResponse refuse(int status, const std::string& message, const char* type,
                   const base::Json& code = nullptr, const base::Json& param = nullptr) {
    return json_response(
        {{"type", "error"},
         {"error", {{"message", message}, {"type", type}, {"param", param}, {"code", code}}}},
        status);
}

WebResponse bad_request(const std::string& message, const char* param = nullptr) {
    return refuse(400, message, "invalid_request_error", nullptr,
                  param == nullptr ? base::Json() : base::Json(param));
}

bool has_key(const WebRequest& request) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string authorization = request.header("authorization");
    return (authorization.starts_with(scheme) && authorization.size() > scheme.size()) ||
           !request.header("x-api-key").empty() || !request.header("api-key").empty();
}

/// Cuts behind a whole UTF-8 character.
std::string shorten(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most) + "…";
}

/// Numbers that depend on the text alone: equal texts are equally near to all others.
base::Json embed(const std::string& text) {
    base::Json vector = base::Json::array();
    std::uint64_t state = 0xcbf29ce484222325ULL;
    for (const char c : text) {
        state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    }
    for (std::size_t i = 0; i < embedding_length; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        vector.push_back(static_cast<double>(state >> 40U) / static_cast<double>(1U << 24U) - 0.5);
    }
    return vector;
}

}  // namespace

class ModelService::Impl final : public Work {
public:
    explicit Impl(ModelServiceOptions options)
        : options_(std::move(options)),
          server_({.max_connections = static_cast<std::size_t>(options_.max_connections),
                   .max_body_bytes = max_prompt_bytes},
                  [this](const WebRequest& request) { return handle(request); }) {}

    ~Impl() override { stop(); }

    bool start(const std::string& host, int port, std::string& error) override {
        return server_.start(host, port, error);
    }

    void stop() override {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
            changed_.notify_all();
        }
        server_.stop();
    }

    [[nodiscard]] int port() const override { return server_.port(); }
    [[nodiscard]] std::string base_url() const override { return server_.origin() + "/v1"; }

private:
    WebResponse handle(const WebRequest& request) {
        std::string path = request.path;
        if (path.starts_with("/v1/")) path = path.substr(3);
        if (path.starts_with("/sandbox/")) return sandbox(request, path);
        if (!known(request.method + " " + path)) {
            return refuse(404, "Unknown request URL", "invalid_request_error", "unknown_url");
        }
        count(request.method + " /v1" + path);
        if (const auto failed = fault()) return *failed;
        if (!has_key(request)) {
            return refuse(401, "You didn't provide an API key.", "invalid_request_error",
                          "invalid_api_key");
        }
        if (path == "/models") return models();
        auto body = base::parse_json(request.body, max_prompt_bytes, 200);
        if (!body || !body->is_object()) return bad_request("The body is not a JSON object.");
        if (path == "/embeddings") return embeddings(*body);
        return converse(path, *body);
    }

    static bool known(const std::string& route) {
        return route == "GET /models" || route == "POST /chat/completions" ||
               route == "POST /responses" || route == "POST /messages" ||
               route == "POST /embeddings";
    }

    WebResponse models() const {
        return json_response({{"object", "list"},
                              {"data", base::Json::array({{{"id", options_.model_id},
                                                           {"object", "model"},
                                                           {"created", 1'700'000'000},
                                                           {"owned_by", "sandbox"}}})}});
    }

    static WebResponse embeddings(const base::Json& body) {
        const base::Json& input = base::json_member(body, "input");
        if (!input.is_string() && !input.is_array()) {
            return bad_request("A text or a list of texts is needed.", "input");
        }
        const base::Json texts = input.is_array() ? input : base::Json::array({input});
        base::Json data = base::Json::array();
        long long tokens = 0;
        for (const auto& text : texts) {
            const std::string words =
                text.is_string() ? text.get<std::string>() : base::dump_json(text);
            tokens += estimate_tokens(words);
            data.push_back(
                {{"object", "embedding"}, {"index", data.size()}, {"embedding", embed(words)}});
        }
        return json_response({{"object", "list"},
                              {"data", data},
                              {"model", base::json_string(body, "model")},
                              {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
    }

    WebResponse converse(const std::string& path, const base::Json& body) {
        const char* field = path == "/responses" ? "input" : "messages";
        const base::Json& conversation = base::json_member(body, field);
        if (!conversation.is_array() && !(conversation.is_string() && path == "/responses")) {
            return bad_request(std::string("Missing required parameter: '") + field + "'.", field);
        }
        ModelAnswer answer;
        answer.id = "sandbox" + std::to_string(++answers_);
        answer.model = base::json_string(body, "model", options_.model_id);
        answer.text = options_.reply_prefix + shorten(last_user_text(conversation), max_echo_bytes);
        answer.created_s = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
        answer.prompt_tokens = estimate_tokens(base::dump_json(conversation));
        answer.answer_tokens = estimate_tokens(answer.text);
        base::log_event(base::LogLevel::debug, "model_call",
                        {{"route", path}, {"prompt_tokens", answer.prompt_tokens}});
        const bool with_usage =
            base::json_bool(base::json_member(body, "stream_options"), "include_usage");
        return base::json_bool(body, "stream") ? streamed(path, std::move(answer), with_usage)
                                               : whole(path, answer);
    }

    static WebResponse whole(const std::string& path, const ModelAnswer& answer) {
        if (path == "/responses") return json_response(openai_response(answer));
        if (path == "/messages") return json_response(anthropic_message(answer));
        return json_response(chat_completion(answer));
    }

    static WebResponse streamed(const std::string& path, ModelAnswer answer, bool with_usage) {
        WebResponse response;
        response.content_type = "text/event-stream; charset=utf-8";
        response.headers.emplace_back("Cache-Control", "no-cache");
        response.stream = [path, answer = std::move(answer), with_usage](const WebWriter& write) {
            if (path == "/responses") {
                stream_openai_response(answer, write);
            } else if (path == "/messages") {
                stream_anthropic_message(answer, write);
            } else {
                stream_chat_completion(answer, with_usage, write);
            }
        };
        return response;
    }

    void count(const std::string& route) {
        const std::scoped_lock lock(mutex_);
        ++calls_[route];
    }

    /// The answer that the faults make of this call, after their latency; nothing when it may go
    /// on.
    std::optional<WebResponse> fault() {
        std::unique_lock lock(mutex_);
        const auto latency_over = std::chrono::steady_clock::now() + faults_.latency;
        changed_.wait_until(lock, latency_over, [&] {
            return stopping_ || std::chrono::steady_clock::now() >= latency_over;
        });
        if (faults_.status == 0 || (faults_.count && *faults_.count == 0)) return std::nullopt;
        if (faults_.count) --*faults_.count;
        const int status = faults_.status;
        const char* type = status == 401   ? "invalid_request_error"
                           : status == 429 ? "rate_limit_error"
                                           : "server_error";
        return refuse(status, "The sandbox was told to fail.", type,
                      status == 401 ? base::Json("invalid_api_key") : base::Json());
    }

    WebResponse sandbox(const WebRequest& request, const std::string& path) {
        if (path == "/sandbox/requests" && request.method == "GET") {
            const std::scoped_lock lock(mutex_);
            return json_response({{"total", calls_}});
        }
        if (path != "/sandbox/faults" || (request.method != "GET" && request.method != "PUT")) {
            return refuse(404, "Unknown request URL", "invalid_request_error", "unknown_url");
        }
        if (request.method == "PUT") {
            if (const auto refused = set_faults(request)) return *refused;
        }
        const std::scoped_lock lock(mutex_);
        return json_response({{"status", faults_.status},
                              {"count", faults_.count ? base::Json(*faults_.count) : base::Json()},
                              {"latencyMs", faults_.latency.count()}});
    }

    std::optional<WebResponse> set_faults(const WebRequest& request) {
        const auto body = base::parse_json(request.body);
        if (!body || !body->is_object()) return bad_request("The body is not a JSON object.");
        const auto status = base::json_int(*body, "status", 0);
        const auto latency = base::json_int(*body, "latencyMs", 0);
        const auto count = base::json_int(*body, "count", -1);
        if (status != 0 && (status < 400 || status > 599)) {
            return refuse(422, "0, or 400 to 599 is needed.", "invalid_request_error", nullptr,
                          "status");
        }
        if (latency < 0 || latency > max_latency_ms) {
            return refuse(422, "0 to 600000 is needed.", "invalid_request_error", nullptr,
                          "latencyMs");
        }
        const std::scoped_lock lock(mutex_);
        faults_.status = static_cast<int>(status);
        faults_.latency = std::chrono::milliseconds(latency);
        faults_.count = count < 0 ? std::nullopt : std::optional<int>(static_cast<int>(count));
        return std::nullopt;
    }

    ModelServiceOptions options_;
    std::atomic<std::uint64_t> answers_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;                       // guarded by mutex_
    ModelFaults faults_;                          // guarded by mutex_
    std::map<std::string, std::uint64_t> calls_;  // guarded by mutex_
    WebServer server_;
};

ModelService::ModelService(ModelServiceOptions options)
    : WebService(std::make_unique<Impl>(std::move(options))) {}

}  // namespace hatchery::sandbox
