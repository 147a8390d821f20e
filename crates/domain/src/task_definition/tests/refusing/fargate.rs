//! Every rule of Fargate, broken once.

use expect_test::expect;

use super::{check, container, task};
use crate::task_definition::tests::web_with;

#[test]
fn sizes_of_fargate_are_told() {
    check(
        &web_with(r#""cpu": "512""#, r#""cpu": "300""#),
        &expect![
            "cpu: cpu 300 is no size of Fargate (permitted cpu: 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)"
        ],
    );
    check(
        &web_with(r#""memory": "1024""#, r#""memory": "8 GB""#),
        &expect![
            "memory: memory 8192 does not go with cpu 512 on Fargate (permitted with cpu 512: 1024, 2048, 3072, 4096 MiB)"
        ],
    );
    check(
        &web_with(r#""cpu": "512""#, r#""cpu": "4 vCPU""#),
        &expect![
            "memory: memory 1024 does not go with cpu 4096 on Fargate (permitted with cpu 4096: 8192 to 30720 in steps of 1024 MiB)"
        ],
    );
    check(
        &web_with(r#""cpu": "512""#, r#""cpu": "32768""#),
        &expect![
            "memory: memory 1024 does not go with cpu 32768 on Fargate (permitted with cpu 32768: 61440, 122880, 249856 MiB)"
        ],
    );
    check(
        &web_with(r#""cpu": "512""#, r#""cpu": "lots""#),
        &expect![[r#"cpu: cpu "lots" is no size (permitted: CPU units as "512" or "0.5 vCPU")"#]],
    );
    check(
        &web_with(r#""cpu": "512","#, ""),
        &expect![
            "cpu: cpu is missing (permitted cpu: 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)"
        ],
    );
    check(
        &task(r#""runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}"#),
        &expect!["cpu: cpu 512 is no size of Fargate (permitted cpu: 1024, 2048, 4096)"],
    );
}

#[test]
fn the_network_of_fargate_is_awsvpc() {
    check(
        &web_with(r#""networkMode": "awsvpc""#, r#""networkMode": "bridge""#),
        &expect![[
            r#"networkMode: networkMode bridge is not possible on Fargate (Fargate needs networkMode "awsvpc")"#
        ]],
    );
    check(
        &web_with(r#""networkMode": "awsvpc","#, ""),
        &expect![[r#"networkMode: networkMode is missing (Fargate needs networkMode "awsvpc")"#]],
    );
    check(
        &web_with(r#""networkMode": "awsvpc""#, r#""networkMode": 1"#),
        &expect![[r#"networkMode: expected a string, found a number (write "1")"#]],
    );
    check(
        &web_with(r#""networkMode": "awsvpc""#, r#""networkMode": "vpc""#),
        &expect![[
            r#"networkMode: networkMode "vpc" does not exist (permitted: awsvpc, bridge, host, none)"#
        ]],
    );
    check(
        &web_with(
            r#"{"containerPort": 8080}"#,
            r#"{"containerPort": 8080, "hostPort": 80}, {"containerPort": 70000}"#,
        ),
        &expect![[r#"
            containerDefinitions[0].portMappings[0].hostPort: hostPort differs from containerPort (with networkMode awsvpc both are the same: leave hostPort out)
            containerDefinitions[0].portMappings[1].containerPort: containerPort 70000 is out of range (permitted: 1 to 65535)"#]],
    );
    check(
        &web_with(
            r#"{"containerPort": 8080}"#,
            r#"{"containerPort": 8080, "hostPort": 8080}, {"containerPort": 8081, "hostPort": 0}, {"containerPortRange": "1-2"}, {"containerPortRange": "5-6"}"#,
        ),
        &expect![""],
    );
    check(
        &web_with(
            r#"{"containerPort": 8080}"#,
            r#"{"containerPort": 8080}, {"containerPort": 8080, "protocol": "tcp"}, {"containerPort": 8080, "protocol": "udp"}"#,
        ),
        &expect![
            "containerDefinitions[0].portMappings[1].containerPort: this port is mapped twice (map each port once)"
        ],
    );
}

#[test]
fn the_execution_role_is_asked_for_with_the_reason() {
    let without = |old: &str, new: &str| {
        let mut definition = web_with(old, new);
        definition.remove("executionRoleArn");
        definition
    };
    check(
        &without(
            "placeholder",
            "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:1",
        ),
        &expect![
            "executionRoleArn: executionRoleArn is missing (on Fargate web needs a role to pull from ECR)"
        ],
    );
    check(
        &without("placeholder", "placeholder"),
        &expect![
            "executionRoleArn: executionRoleArn is missing (on Fargate web needs a role to read secrets)"
        ],
    );
    let secrets = r#""secrets": [{"name": "S", "valueFrom": "arn:aws:ssm:eu-west-1:222222222222:parameter/s"}]"#;
    check(
        &without(
            secrets,
            r#""logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "web"}}"#,
        ),
        &expect![
            "executionRoleArn: executionRoleArn is missing (on Fargate web needs a role to write logs with awslogs)"
        ],
    );
    check(
        &without(secrets, r#""logConfiguration": {"logDriver": "splunk"}"#),
        &expect![""],
    );
}

#[test]
fn what_fargate_does_not_have_is_told() {
    check(
        &task(
            r#""pidMode": "host", "ipcMode": "task", "placementConstraints": [{"type": "memberOf"}], "ephemeralStorage": {"sizeInGiB": 20}, "volumes": [{"name": "x", "host": {"sourcePath": "/x"}}]"#,
        ),
        &expect![[r#"
            ipcMode: ipcMode is not possible on Fargate (remove it, or use EC2)
            placementConstraints: placementConstraints is not possible on Fargate (remove it, or use EC2)
            pidMode: pidMode host is not possible on Fargate (permitted: task)
            ephemeralStorage.sizeInGiB: sizeInGiB 20 is out of range (20 come without it; permitted: 21 to 200)
            volumes[0].host.sourcePath: Fargate has no host to mount from (remove it, or use EFS)"#]],
    );
    check(
        &container(
            r#""privileged": true, "links": ["proxy"], "dnsServers": ["1.1.1.1"], "extraHosts": [], "linuxParameters": {"maxSwap": 1, "capabilities": {"add": ["SYS_PTRACE", "NET_ADMIN"]}}"#,
        ),
        &expect![[r#"
            containerDefinitions[0].dnsServers: dnsServers is not possible on Fargate (remove it, or use EC2)
            containerDefinitions[0].links: links is not possible on Fargate (remove it, or use EC2)
            containerDefinitions[0].privileged: privileged is not possible on Fargate (remove it)
            containerDefinitions[0].linuxParameters.maxSwap: maxSwap is not possible on Fargate (remove it, or use EC2)
            containerDefinitions[0].linuxParameters.capabilities.add[1]: capability NET_ADMIN cannot be added on Fargate (permitted: SYS_PTRACE)"#]],
    );
    check(
        &container(
            r#""stopTimeout": 180, "startTimeout": 1, "resourceRequirements": [{"type": "GPU", "value": "1"}], "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2000000}]"#,
        ),
        &expect![[r#"
            containerDefinitions[0].startTimeout: startTimeout 1 is out of range (permitted on Fargate: seconds, 2 to 120)
            containerDefinitions[0].stopTimeout: stopTimeout 180 is out of range (permitted on Fargate: seconds, 2 to 120)
            containerDefinitions[0].resourceRequirements[0]: Fargate has no GPU (remove it, or use EC2)
            containerDefinitions[0].ulimits[0].hardLimit: hardLimit 2000000 is out of range (permitted on Fargate: 0 to 1048576)"#]],
    );
    check(
        &container(r#""logConfiguration": {"logDriver": "json-file"}"#),
        &expect![[
            r#"containerDefinitions[0].logConfiguration.logDriver: logDriver "json-file" does not exist (permitted: awslogs, splunk, awsfirelens)"#
        ]],
    );
}
