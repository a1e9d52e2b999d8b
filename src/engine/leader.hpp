#pragma once

#include <memory>
#include <string>

#include "engine/engine_ports.hpp"

namespace hatchery::engine {

/// A duty that one process at a time has, tried for anew whenever it is not held.
class Leader {
public:
    Leader(const EnginePorts& ports, std::string name) : Leader(ports.fleet, std::move(name)) {}
    Leader(ports::FleetStore& fleet, std::string name) : fleet_(fleet), name_(std::move(name)) {}

    /// Whether this process leads now.
    [[nodiscard]] bool leads() {
        if (leadership_ && leadership_->held()) return true;
        leadership_.reset();
        auto tried = fleet_.try_lead(name_);
        if (tried) leadership_ = *std::move(tried);
        return leadership_ != nullptr;
    }
    /// Lets another process lead.
    void resign() { leadership_.reset(); }

private:
    ports::FleetStore& fleet_;
    std::string name_;
    std::unique_ptr<ports::FleetStore::Leadership> leadership_;
};

}  // namespace hatchery::engine
