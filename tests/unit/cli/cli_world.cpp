#include "cli_world.hpp"

namespace hatchery::tests {

using nlohmann::json;

namespace {

const std::string origin = "http://127.0.0.1:8080";

std::string name_of(const ports::HttpRequest& request) {
    return request.method + " " + request.url.substr(origin.size());
}

}  // namespace

CliWorld::CliWorld() {
    http.answer_otherwise(
        [this](const ports::HttpRequest& request) -> base::Result<ports::HttpResponse> {
            auto it = script_.find(name_of(request));
            if (it == script_.end()) {
                return ports::HttpResponse{
                    .status = 404,
                    .body = problem(404, "not_found", "There is no such page.").dump()};
            }
            auto response = it->second.front();
            if (it->second.size() > 1) it->second.pop_front();
            if (response.status == 0) {
                return base::fail(base::ErrorKind::unavailable, "Connection refused.");
            }
            return response;
        });
}

cli::ExitCode CliWorld::run(const std::vector<std::string>& words) {
    cli::Context context{
        .out = out,
        .err = err,
        .in = in,
        .out_is_terminal = out_is_terminal,
        .in_is_terminal = in_is_terminal,
        .http = [this]() -> ports::HttpTransport& { return http; },
        .clock = clock,
        .load_config = [this](config::Need need) { return config::load(environment, {}, need); },
        .variable = [this](const std::string& name) -> std::optional<std::string> {
            const auto it = variables.find(name);
            if (it == variables.end()) return std::nullopt;
            return it->second;
        },
        .ask_hidden = [this](const std::string&) { return hidden_answer; },
        .pause = [this](base::Milliseconds) { return pauses_left-- > 0; }};
    const auto commands = cli::client_commands();
    return cli::run_command_line(words, commands, context);
}

void CliWorld::answer(const std::string& method_and_path, int status, const json& body) {
    script_[method_and_path].push_back({.status = status, .body = body.dump()});
}

void CliWorld::tag(const std::string& method_and_path, const std::string& tag) {
    for (auto& response : script_[method_and_path]) response.headers["etag"] = tag;
}

std::vector<std::string> CliWorld::calls() const {
    std::vector<std::string> names;
    for (const auto& request : http.requests()) names.push_back(name_of(request));
    return names;
}

json CliWorld::body_of(const std::string& method_and_path) const {
    for (const auto& request : http.requests()) {
        if (name_of(request) == method_and_path) return json::parse(request.body);
    }
    return nullptr;
}

std::string CliWorld::header_of(const std::string& method_and_path,
                                const std::string& header) const {
    for (const auto& request : http.requests()) {
        if (name_of(request) != method_and_path) continue;
        for (const auto& [name, value] : request.headers) {
            if (name == header) return value;
        }
    }
    return {};
}

json some_bot(const std::string& name) {
    return {{"id", bot_id},
            {"name", name},
            {"telegramUsername", "mine_bot"},
            {"model", "anthropic/claude-opus-5"},
            {"status", "pending"},
            {"condition", nullptr}};
}

json accepted(const std::string& kind) {
    return {{"operationId", operation_id},
            {"botId", bot_id},
            {"status", "deploying"},
            {"operation", {{"kind", kind}}}};
}

json operation(const std::string& kind, const std::string& state, const json& steps) {
    return {{"id", operation_id}, {"botId", bot_id}, {"kind", kind},
            {"state", state},     {"steps", steps},  {"error", nullptr}};
}

json step(const std::string& kind, const std::string& state, const std::string& message) {
    return {{"kind", kind},
            {"state", state},
            {"message", message},
            {"startedAt", "2026-11-21T06:00:00.000Z"},
            {"finishedAt", "2026-11-21T06:00:04.200Z"}};
}

json problem(int status, const std::string& code, const std::string& detail) {
    return {{"status", status}, {"code", code}, {"detail", detail}};
}

}  // namespace hatchery::tests
