#include "sandbox/telegram/sandbox_routes.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "sandbox/telegram/markup.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::int64_t longest_wait_s = 120;
constexpr std::size_t max_text_units = 4096;
/// Ids that survive a reader who keeps numbers as doubles.
constexpr std::int64_t max_id = (std::int64_t{1} << 52) - 1;

WebResponse json_response(const base::Json& body, int status = 200) {
    WebResponse response;
    response.status = status;
    response.body = base::dump_json(body);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

WebResponse problem(int status, const std::string& title, const std::string& code,
                    const base::Json& errors = base::Json::array()) {
    base::Json body{{"type", "about:blank"}, {"title", title}, {"status", status}, {"code", code}};
    if (!errors.empty()) {
        body["detail"] = errors.front().at("message");
        body["errors"] = errors;
    }
    WebResponse response = json_response(body, status);
    response.content_type = "application/problem+json";
    return response;
}

WebResponse invalid(const base::Json& errors) {
    return problem(422, "The request has wrong fields.", "invalid_input", errors);
}

std::optional<std::int64_t> parse_integer(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = failure == std::errc() && end == text.data() + text.size();
    return whole ? std::optional<std::int64_t>(number) : std::nullopt;
}

/// Reads a body's members and collects what is wrong with them.
class Fields {
public:
    explicit Fields(const base::Json& body) : body_(body) {}

    std::int64_t id(const char* name, std::int64_t least, std::optional<std::int64_t> otherwise) {
        const base::Json& value = base::json_member(body_, name);
        if (value.is_null() && otherwise) return *otherwise;
        std::optional<std::int64_t> number;
        if (value.is_number_integer()) number = value.get<std::int64_t>();
        if (value.is_string()) number = parse_integer(value.get<std::string>());
        if (number && *number >= least && *number <= max_id && *number != 0) return *number;
        reject(name, least > 0 ? "A positive whole number is needed."
                               : "A whole number other than 0 is needed.");
        return 0;
    }

    std::string text(const char* name, std::size_t max_units, bool may_be_absent) {
        const base::Json& value = base::json_member(body_, name);
        if (value.is_null() && may_be_absent) return {};
        if (!value.is_string()) {
            reject(name, "A text is needed.");
            return {};
        }
        auto text = value.get<std::string>();
        if (is_blank(text)) reject(name, "The text is empty.");
        if (utf16_length(text) > max_units) {
            reject(name, "At most " + std::to_string(max_units) + " characters are allowed.");
        }
        return text;
    }

    /// The bot by `token` or `botId`.
    BotName bot(BotWorld& world) {
        BotName name{.token = base::json_string(body_, "token")};
        const base::Json& id = base::json_member(body_, "botId");
        if (id.is_number_integer()) name.bot_id = id.get<std::int64_t>();
        if (id.is_string()) name.bot_id = parse_integer(id.get<std::string>());
        const base::Json wrong = world.check_name(name);
        if (!wrong.is_null()) errors_.push_back(wrong);
        return name;
    }

    void reject(const char* name, const std::string& message) {
        errors_.push_back({{"field", name}, {"message", message}});
    }
    [[nodiscard]] const base::Json& errors() const { return errors_; }

private:
    const base::Json& body_;
    base::Json errors_ = base::Json::array();
};

std::optional<base::Json> read_object(const WebRequest& request) {
    auto body = base::parse_json(request.body);
    if (!body || !body->is_object()) return std::nullopt;
    return std::move(*body);
}

WebResponse no_object() { return problem(400, "The body is no JSON object.", "invalid_input"); }

}  // namespace

WebResponse SandboxRoutes::speak(const WebRequest& request) {
    const auto body = read_object(request);
    if (!body) return no_object();
    Fields fields(*body);
    UserMessage said;
    said.user_id = fields.id("userId", 1, std::nullopt);
    said.chat_id = fields.id("chatId", -max_id, said.user_id);
    said.text = fields.text("text", max_text_units, false);
    said.first_name = fields.text("firstName", 64, true);
    said.reply_to_message = base::json_int(*body, "replyTo");
    const BotName name = fields.bot(world_);
    if (said.chat_id > 0 && said.user_id > 0 && said.chat_id != said.user_id) {
        fields.reject("chatId", "A private chat has its user's id; groups have negative ids.");
    }
    if (!fields.errors().empty()) return invalid(fields.errors());
    const SpokenResult spoken = world_.say(name, said);
    return json_response(
        {{"updateId", spoken.update_id == 0 ? base::Json() : base::Json(spoken.update_id)},
         {"messageId", spoken.message_id}},
        201);
}

WebResponse SandboxRoutes::press(const WebRequest& request) {
    const auto body = read_object(request);
    if (!body) return no_object();
    Fields fields(*body);
    ButtonPress press;
    press.user_id = fields.id("userId", 1, std::nullopt);
    press.chat_id = fields.id("chatId", -max_id, press.user_id);
    press.message_id = fields.id("messageId", 1, std::nullopt);
    press.data = fields.text("data", 64, false);
    const BotName name = fields.bot(world_);
    if (!fields.errors().empty()) return invalid(fields.errors());
    const SpokenResult pressed = world_.press(name, press);
    if (pressed.message_id == 0) {
        fields.reject("messageId", "The chat has no such message.");
        return invalid(fields.errors());
    }
    return json_response({{"updateId", pressed.update_id}}, 201);
}

WebResponse SandboxRoutes::listen(const WebRequest& request) {
    base::Json asked = base::Json::object();
    for (const auto& [name, value] : request.query) asked[name] = value;
    Fields fields(asked);
    const BotName name = fields.bot(world_);
    const auto number = [&](const char* parameter, std::int64_t most) {
        const std::string text = request.param(parameter);
        const auto value = text.empty() ? std::optional<std::int64_t>(0) : parse_integer(text);
        if (!value || *value < 0) fields.reject(parameter, "A number from 0 on is needed.");
        return std::clamp<std::int64_t>(value.value_or(0), 0, most);
    };
    const auto after = number("after", max_id);
    const auto wait = std::chrono::seconds(number("wait", longest_wait_s));
    std::optional<std::uint64_t> after_action;
    if (!request.param("actions").empty()) {
        after_action = static_cast<std::uint64_t>(number("actions", max_id));
    }
    if (!fields.errors().empty()) return invalid(fields.errors());
    return json_response(
        world_.messages(name, static_cast<std::uint64_t>(after), wait, after_action));
}

WebResponse SandboxRoutes::put_faults(const WebRequest& request) {
    const auto body = read_object(request);
    if (!body) return no_object();
    base::Json wrong;
    auto faults = TelegramFaults::from_json(*body, wrong);
    if (!faults) return invalid(base::Json::array({wrong}));
    world_.set_faults(std::move(*faults));
    return json_response(world_.faults());
}

WebResponse SandboxRoutes::revoke(const WebRequest& request) {
    const std::string rest = request.path.substr(std::string("/sandbox/bots/").size());
    const auto bot_id = parse_integer(rest.substr(0, rest.find('/')));
    if (!bot_id || !world_.revoke(*bot_id)) {
        return problem(404, "There is no such bot.", "not_found");
    }
    return json_response(base::Json::object());
}

WebResponse SandboxRoutes::handle(const WebRequest& request) {
    const bool get = request.method == "GET";
    const bool post = request.method == "POST";
    const std::string& path = request.path;
    if (path == "/sandbox/messages" && post) return speak(request);
    if (path == "/sandbox/messages" && get) return listen(request);
    if (path == "/sandbox/callbacks" && post) return press(request);
    if (path == "/sandbox/bots" && get) return json_response(world_.bots());
    if (path == "/sandbox/requests" && get) return json_response(world_.requests());
    if (path == "/sandbox/faults" && get) return json_response(world_.faults());
    if (path == "/sandbox/faults" && request.method == "PUT") return put_faults(request);
    if (path.starts_with("/sandbox/bots/") && path.ends_with("/revoke") && post) {
        return revoke(request);
    }
    return problem(404, "There is no such route.", "not_found");
}

}  // namespace hatchery::sandbox::telegram
