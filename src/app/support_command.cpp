#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <ostream>

#include "app/doctor.hpp"
#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/json_value.hpp"
#include "base/version.hpp"
#include "cli/client_command.hpp"
#include "reporting/sentry_event.hpp"
#include "store/diagnosis.hpp"

namespace hatchery::app {

namespace {

using base::Json;

constexpr int history_limit = 200;

/// Every text below that people or servers wrote, masked: e-mail and IP addresses, and what looks
/// like a token. Ids and times stay, or nothing could be followed.
void mask_texts(Json& value, const std::string& name = {}) {
    static const std::vector<std::string> written{"message", "cause", "next_action", "nextAction"};
    if (value.is_string()) {
        const bool free = std::find(written.begin(), written.end(), name) != written.end();
        if (free) value = reporting::scrubbed(value.get<std::string>());
        return;
    }
    if (value.is_object()) {
        for (auto& [key, member] : value.items()) mask_texts(member, key);
    } else if (value.is_array()) {
        for (auto& item : value) mask_texts(item, name);
    }
}

Json settings_of(const config::Loaded& loaded) {
    Json settings = Json::array();
    for (const auto& setting : loaded.settings) {
        settings.push_back({{"name", setting.name},
                            {"value", reporting::scrubbed(setting.value)},
                            {"source", setting.source}});
    }
    return settings;
}

Json machine() {
    utsname names{};
    Json found = Json::object();
    if (uname(&names) == 0) {
        found["kernel"] = std::string(names.release);
        found["machine"] = std::string(names.machine);
    }
    std::ifstream release("/etc/os-release");
    for (std::string line; std::getline(release, line);) {
        if (line.starts_with("PRETTY_NAME=")) found["system"] = line.substr(12);
    }
    found["processors"] = sysconf(_SC_NPROCESSORS_ONLN);
    found["memoryMb"] = sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
    return found;
}

Json history_of(const config::Config& config) {
    if (config.database_url.empty()) return nullptr;
    const auto database = store::make_database(config.database_url, 1);
    if (!database) return {{"error", database.error().message}};
    auto history = store::recent_history(**database, history_limit);
    if (!history) return {{"error", history.error().message}};
    mask_texts(*history);
    return *std::move(history);
}

std::string metrics_of(const config::Config& config, cli::Context& context) {
    if (config.admin_host.empty()) return "not served: HATCHERY_ADMIN_LISTEN is not set";
    const bool v6 = config.admin_host.find(':') != std::string::npos;
    const auto host = v6 ? "[" + config.admin_host + "]" : config.admin_host;
    const auto answer =
        context.http().send({.url = fmt::format("http://{}:{}/metrics", host, config.admin_port)},
                            base::Call::within(std::chrono::seconds(10)));
    return answer ? answer->body : "not to be had: " + answer.error().message;
}

/// Everything that the configuration holds as a secret.
std::vector<const base::Secret*> secrets_of(const config::Config& config) {
    std::vector<const base::Secret*> secrets{
        &config.database_url,  &config.alarm_webhook_url,  &config.alarm_webhook_secret,
        &config.hetzner_token, &config.digitalocean_token, &config.anthropic_key,
        &config.openai_key,    &config.google_ai_key,      &config.google_client_secret,
        &config.sentry_dsn,    &config.api_token};
    for (const auto& key : config.master_keys) secrets.push_back(&key);
    for (const auto& secret : config.billing_secrets) secrets.push_back(&secret);
    return secrets;
}

/// The last line of defence: a secret of the configuration that came in by any way is taken out.
std::string without_secrets(std::string text, const config::Config& config) {
    constexpr std::size_t shortest = 8;
    for (const auto* secret : secrets_of(config)) {
        if (secret->reveal().size() < shortest) continue;
        for (auto at = text.find(secret->reveal()); at != std::string::npos;
             at = text.find(secret->reveal(), at)) {
            text.replace(at, secret->reveal().size(), "[secret]");
        }
    }
    return text;
}

std::string bundle_text(const config::Loaded& loaded, cli::Context& context) {
    Json bundle = {{"madeAt", base::format_time(context.clock.now())},
                   {"version", std::string(base::version)},
                   {"machine", machine()},
                   {"settings", settings_of(loaded)},
                   {"doctor", findings_json(examine(loaded, context))},
                   {"history", history_of(loaded.config)},
                   {"metrics", metrics_of(loaded.config, context)}};
    mask_texts(bundle["doctor"]);
    return without_secrets(base::dump_json_pretty(bundle) + "\n", loaded.config);
}

base::Result<void> write_file(const std::string& path, const std::string& text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool whole = file >= 0;
    for (std::size_t done = 0; whole && done < text.size();) {
        const ssize_t count = write(file, text.data() + done, text.size() - done);
        whole = count > 0;
        if (whole) done += static_cast<std::size_t>(count);
    }
    const std::string cause = strerror(errno);
    if (file >= 0) whole = close(file) == 0 && whole;
    if (whole) return {};
    return base::fail(base::ErrorKind::internal,
                      fmt::format("{} cannot be written: {}.", path, cause),
                      "Name another file with --output.");
}

cli::ExitCode run(const cli::Options& options, cli::Context& context, NotedCommand&) {
    const auto loaded = context.load_config(config::Need::service);
    std::string time = base::format_time(context.clock.now()).substr(0, 19);
    std::replace(time.begin(), time.end(), ':', '-');
    const auto path = options.value_or("output", fmt::format("hatchery-support-{}.json", time));
    const auto text = bundle_text(loaded, context);
    if (path == "-") {
        context.out << text;
        return cli::ExitCode::ok;
    }
    if (const auto written = write_file(path, text); !written) {
        return cli::report(context, written.error());
    }
    if (options.has("json")) {
        context.out << base::dump_json_pretty({{"path", path}, {"bytes", text.size()}}) << "\n";
    } else {
        context.out << fmt::format("wrote {} ({} KB)\n", path, text.size() / 1024 + 1);
        context.err << "Read it before you send it to anybody: it is text.\n";
    }
    return cli::ExitCode::ok;
}

}  // namespace

cli::Command support_bundle_command() {
    return operator_command(
        {.name = "support-bundle",
         .summary = "writes what somebody who looks for a fault needs, without secrets",
         .operands = {},
         .options = {{.name = "output",
                      .value = "FILE",
                      .help = "where to write it, - for standard output (default: "
                              "hatchery-support-TIME.json)"},
                     cli::json_option},
         .details =
             "One JSON file that only you can read: settings (secrets as \"set\"), versions,\n"
             "what hatchery doctor finds, the latest operations, warnings, errors, alarms and\n"
             "workers, and the metrics. E-mail and IP addresses and whatever looks like a\n"
             "token are masked; names, chats and users are not in it.\n",
         .run = {}},
        run);
}

}  // namespace hatchery::app
