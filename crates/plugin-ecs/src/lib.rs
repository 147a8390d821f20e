//! Acts and observes in one AWS account: ECR, ECS, Auto Scaling, STS.
