#include "core/ownership.hpp"

namespace hatchery::core {

namespace {

bool has(const std::map<std::string, std::string>& labels, const char* key,
         const std::string& value) {
    const auto found = labels.find(key);
    return found != labels.end() && found->second == value;
}

}  // namespace

std::string server_name(const base::ServerId& server) { return "hatchery-" + server.text(); }

std::map<std::string, std::string> owner_labels(const base::InstallationId& installation,
                                                const base::ServerId& server,
                                                const base::BotId& bot) {
    std::map<std::string, std::string> labels{{label_installation, installation.text()},
                                              {label_server, server.text()}};
    if (!bot.empty()) labels[label_bot] = bot.text();
    return labels;
}

bool owned_by(const std::map<std::string, std::string>& labels,
              const base::InstallationId& installation, const base::ServerId& server) {
    return has(labels, label_installation, installation.text()) &&
           has(labels, label_server, server.text());
}

}  // namespace hatchery::core
